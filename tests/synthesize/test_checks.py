from dataclasses import replace

from qantara.synthesize.checks import faults_of
from qantara.synthesize.forms import Form

EN, AR, SWITCH = Form(("en",), "en"), Form(("ar",), "ar"), Form(("en", "ar"), "ar")


def reasons(item, form, turns, config, encoder):
    return [fault.reason for fault in faults_of(item, form, turns, config(), encoder)]


def test_a_right_dialogue_has_no_fault_in_any_form(item, english, arabic, switching, config, encoder):
    for form, turns in ((EN, english), (AR, arabic), (SWITCH, switching)):
        assert reasons(item, form, turns, config, encoder) == []


def test_all_faults_are_told_in_the_order_in_which_a_reader_would_stop(item, english, config, encoder):
    advice = replace(english[3], text="The correct answer is warfarin 10 mg twice daily.")
    turns = (english[0], replace(english[1], text="I see."), english[2], advice)
    found = reasons(item, EN, turns, config, encoder)
    assert found[0] == "doctor.asks_nothing"
    assert found.index("frame.exam") < found.index("facts.drug") < found.index("answer.wrong_option")


def test_facts_are_not_read_in_a_language_that_was_not_asked_for(item, english, config, encoder):
    assert set(reasons(item, AR, english, config, encoder)) == {"language.wrong"}


def test_a_dialogue_that_ends_with_the_patient_has_no_advice_to_check(item, english, config, encoder):
    assert reasons(item, EN, english[:3], config, encoder) == ["roles.end", "turns.number"]
