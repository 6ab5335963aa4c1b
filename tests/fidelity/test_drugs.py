import pytest

from qantara.fidelity.drugs import RULES


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("Give prednisone.", "أعط بريدنيزولون.", [("drug.changed", "fail")]),
        ("Start hydralazine.", "ابدأ هيدروكسيزين.", [("drug.changed", "fail")]),
        ("Give morphine.", "أعط الدواء.", [("drug.missing", "warn")]),
        ("Give the drug.", "أعط المورفين.", [("drug.added", "warn")]),
        ("Give acetaminophen.", "أعط باراسيتامول.", []),
        ("Give adrenaline.", "أعط الإبينفرين.", []),
        ("Give warfarin.", "أعط warfarin.", []),
        ("Give morphine.", "أعط المورفين.", []),
        ("Give the drug.", "أعط الدواء.", []),
    ],
)
def test_a_drug_must_stay_the_drug_that_it_is(find, source, target, expected):
    assert [(finding.rule, finding.severity) for finding in find(RULES, source, target)] == expected


def test_french_names_lead_to_the_same_drugs(find):
    assert find(RULES, "Give acetaminophen.", "Donnez du paracétamol.", ("en", "fr")) == []
    assert [f.rule for f in find(RULES, "Give heparin.", "Donnez de l'insuline.", ("en", "fr"))] == ["drug.changed"]


def test_a_transliteration_that_no_lexicon_has_is_recognized(find):
    assert find(RULES, "Give azithromycin.", "أعط أزيثرومايسينن.") == []


def test_two_drugs_that_trade_their_doses_fail(find):
    source = "Take aspirin 100 mg and atorvastatin 20 mg."
    assert find(RULES, source, "تناول أسبرين 100 ملغ وأتورفاستاتين 20 ملغ.") == []
    (finding,) = find(RULES, source, "تناول أسبرين 20 ملغ وأتورفاستاتين 100 ملغ.")
    assert (finding.rule, finding.severity) == ("drug.dose_swapped", "fail")
    assert finding.source_text == "100 mg and atorvastatin 20"
    assert finding.target_text == "20 ملغ وأتورفاستاتين 100"


def test_drugs_that_change_their_order_with_their_doses_are_fine(find):
    source = "Take aspirin 100 mg and atorvastatin 20 mg."
    assert find(RULES, source, "تناول أتورفاستاتين 20 ملغ وأسبرين 100 ملغ.") == []
