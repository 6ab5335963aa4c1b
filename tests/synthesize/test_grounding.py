import pytest

from qantara.synthesize.grounding import grounding_faults

LAST = "Apixaban 5 mg twice daily is right for you."


def reasons(item, turns, *codes):
    return [fault.reason for fault in grounding_faults(item, turns, codes or ["en"] * len(turns))]


def test_facts_of_the_item_are_fine_in_both_languages(item, english, arabic, switching):
    assert reasons(item, english) == []
    assert reasons(item, arabic, *["ar"] * 4) == []
    assert reasons(item, switching, "en", "en", "ar", "ar") == []


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        ("Apixaban 50 mg twice daily.", "en", "facts.number"),
        ("أبيكسابان 50 ملغ مرتين يوميًا.", "ar", "facts.number"),
        ("Take it for two weeks.", "en", "facts.number"),
        ("Apixaban 5 mL twice daily.", "en", "facts.number"),
        ("Warfarin is right for you.", "en", "facts.drug"),
        ("وارفارين هو المناسب لك.", "ar", "facts.drug"),
    ],
)
def test_a_number_or_drug_that_the_item_does_not_have_is_found(item, turns, text, code, reason):
    faults = list(grounding_faults(item, turns("Help?", text), ["en", code]))
    assert [fault.reason for fault in faults] == [reason]
    assert faults[0].detail.startswith("turn 2: 1 ")


def test_what_the_doctor_asks_states_nothing_and_what_the_patient_asks_does(item, turns):
    asking = "Do you take warfarin 3 mg?"
    assert reasons(item, turns("Hello.", f"{asking} {LAST}")) == []
    assert reasons(item, turns(asking)) == ["facts.number", "facts.drug"]
