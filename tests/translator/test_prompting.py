import pytest

from qantara.errors import QantaraError
from qantara.records import Answer, Attempt, Finding, Origin, child, with_id
from qantara.translator.prompting import (
    FIELD_STYLE_PROMPTS,
    completion_request,
    defect_list,
    judge_request,
    prompt_file,
    prompts_hash,
    translation_request,
)

DIRECTION = ("en", "ar")
SOURCE = with_id(Answer(id="", language="en", origin=Origin(source="t", native_id="1"), question="Q?", answer="5 mg"))
TARGET = child(SOURCE, {"question": "س؟", "answer": "50 ملغ"}, "ar")
FINDINGS = (
    Finding(rule="a", severity="info", field="answer", message="style"),
    Finding(rule="b", severity="warn", field="question", message="too short"),
    Finding(rule="c", severity="fail", field="answer", message="5 became 50", source_text="5 mg", target_text="50 ملغ"),
)


@pytest.mark.parametrize("name", FIELD_STYLE_PROMPTS)
def test_every_shipped_prompt_is_there_and_names_no_fixed_language(name):
    text = prompt_file(name)
    assert text.strip()
    assert "Arabic" not in text


def test_a_missing_prompt_says_where_to_add_it():
    with pytest.raises(QantaraError, match=r"completion-en-xx\.txt"):
        prompt_file("completion-en-xx.txt")


def test_a_first_request_names_the_languages_and_holds_every_field():
    request = translation_request({"question": "Q?", "answer": "5 mg"}, DIRECTION, "m", 100)
    system, user = request.messages
    assert "from English to Arabic" in system.content
    assert user.content == '<f id="question">Q?</f>\n<f id="answer">5 mg</f>'
    assert (request.temperature, request.max_tokens) == (0.0, 100)


def test_a_repair_request_carries_the_last_text_its_defects_and_the_round():
    attempt = Attempt(round=1, target=TARGET, findings=FINDINGS, score=0)
    text = translation_request({"question": "Q?", "answer": "5 mg"}, DIRECTION, "m", 100, attempt).messages[1].content
    assert "Repair round 2" in text
    assert '<f id="answer">50 ملغ</f>' in text
    assert '1. answer: 5 became 50 (source "5 mg", target "50 ملغ")\n2. question: too short' in text
    assert "style" not in text


def test_defects_stand_worst_first_and_remarks_are_left_out():
    assert defect_list(FINDINGS).splitlines()[0].startswith("1. answer: 5 became 50")
    assert defect_list(FINDINGS[:1]) == ""


def test_a_judge_sees_both_sides():
    text = judge_request({"answer": "5 mg"}, {"answer": "5 ملغ"}, DIRECTION, "j", 100).messages[1].content
    assert text == 'Source:\n<f id="answer">5 mg</f>\n\nTranslation:\n<f id="answer">5 ملغ</f>'


def test_completion_shows_examples_and_each_round_another_order():
    first, second = (completion_request("Take\n5 mg.", DIRECTION, "m", 50, n) for n in (0, 1))
    assert first.messages[0].content.endswith("English: Take 5 mg.\nArabic:")
    assert first.messages != second.messages
    assert sorted(first.messages[0].content.split("\n\n")) == sorted(second.messages[0].content.split("\n\n"))
    assert first.stop == ("\n",)


def test_the_hash_covers_all_prompts():
    assert len(prompts_hash()) == 16
