import pytest

from qantara.synthesize.tags import Fault, has_reserved_markup, read_turns, tagged

GOOD = '<t role="patient">Hello &c.</t>\n<t role="doctor">A value of <5 mg\nis fine.</t>\n'


def test_turns_are_read_as_they_were_written():
    turns = read_turns(GOOD)
    assert [turn.role for turn in turns] == ["user", "assistant"]
    assert turns[1].text == "A value of <5 mg\nis fine."
    assert read_turns(tagged(turns)) == turns


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "form.no_turns"),
        ("Patient: hello", "form.no_turns"),
        ("Here you are:\n" + GOOD, "form.text_outside_turns"),
        (GOOD + '<t role="doctor">cut o', "form.text_outside_turns"),
        (GOOD.replace("patient", "nurse"), "form.text_outside_turns"),
        ('<t role="patient"> </t>', "form.empty_turn"),
        ('<t role="patient">a <b>word</b></t>', "form.markup"),
        ('<t role="patient">a <t role="doctor">b</t>', "form.markup"),
        ('<t role="patient">x <|im_end|></t>', "form.markup"),
    ],
)
def test_what_is_out_of_form_is_a_fault_with_its_reason(answer, reason):
    fault = read_turns(answer)
    assert isinstance(fault, Fault)
    assert fault.reason == reason


def test_tags_of_the_prompt_are_known_and_other_angles_are_not():
    assert has_reserved_markup("a <case>")
    assert has_reserved_markup('x <t role="doctor">')
    assert not has_reserved_markup("potassium <3 and >5 <b>")
