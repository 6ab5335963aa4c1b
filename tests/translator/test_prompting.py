import pytest

from qantara.fidelity.terms import Glossary
from qantara.llm.endpoint import EndpointConfig
from qantara.records import Answer, Attempt, Finding, Origin, child, with_id
from qantara.translator.prompting import completion_request, defect_list, judge_request, translation_request

FIELDS = {"question": "Q?", "answer": "5 mg"}
SOURCE = with_id(Answer(id="", language="en", origin=Origin(source="t", native_id="1"), question="Q?", answer="5 mg"))
TARGET = child(SOURCE, {"question": "س؟", "answer": "50 ملغ"}, "ar")
FINDINGS = (
    Finding(rule="a", severity="info", field="answer", message="style"),
    Finding(rule="b", severity="warn", field="question", message="too short"),
    Finding(rule="c", severity="fail", field="answer", message="5 became 50", source_text="5 mg", target_text="50 ملغ"),
)


@pytest.fixture
def room(make_room):
    made, *_ = make_room(lambda _: "", max_output_tokens=100)
    yield made
    made.checks.shutdown()
    made.desk.close()


def test_a_first_request_names_the_languages_and_holds_every_field(room):
    request = translation_request(FIELDS, room)
    system, user = request.messages
    assert "from English to Arabic" in system.content
    assert user.content == '<f id="question">Q?</f>\n<f id="answer">5 mg</f>'
    assert (request.temperature, request.max_tokens, request.model) == (0.0, 100, "m")


def test_a_repair_request_carries_the_last_text_its_defects_and_the_round(room):
    attempt = Attempt(round=1, target=TARGET, findings=FINDINGS, score=0)
    text = translation_request(FIELDS, room, attempt).messages[1].content
    assert "Repair round 2" in text
    assert '<f id="answer">50 ملغ</f>' in text
    assert '1. answer: 5 became 50 (source "5 mg", target "50 ملغ")\n2. question: too short' in text
    assert "style" not in text


def test_a_part_of_a_record_is_told_its_own_text_and_defects_alone(room):
    attempt = Attempt(round=0, target=TARGET, findings=FINDINGS, score=0)
    text = translation_request({"question": "Q?"}, room, attempt).messages[1].content
    assert "too short" in text
    assert "50" not in text


def test_terms_of_the_glossary_are_named_where_they_occur(make_room):
    glossary = Glossary({"hypertension": ("فرط ضغط الدم",), "asthma": ("الربو",)})
    room, *_ = make_room(lambda _: "", glossary=glossary)
    text = translation_request({"question": "What is hypertension?"}, room).messages[1].content
    assert "hypertension = فرط ضغط الدم" in text
    assert "asthma" not in text
    assert "=" not in translation_request({"question": "What is gout?"}, room).messages[1].content.replace("id=", "")
    room.checks.shutdown()
    room.desk.close()


def test_defects_stand_worst_first_and_remarks_are_left_out():
    assert defect_list(FINDINGS).splitlines()[0].startswith("1. answer: 5 became 50")
    assert defect_list(FINDINGS[:1]) == ""


@pytest.mark.parametrize("enforced", [False, True])
def test_a_judge_sees_both_sides_and_its_schema_where_the_server_enforces_one(room, enforced):
    judge = EndpointConfig(backend="endpoint", url="http://localhost:1/v1", model="j", enforce_schema=enforced)
    request = judge_request({"answer": "5 mg"}, {"answer": "5 ملغ"}, room, judge)
    assert request.messages[1].content == 'Source:\n<f id="answer">5 mg</f>\n\nTranslation:\n<f id="answer">5 ملغ</f>'
    assert (request.model, bool(request.schema)) == ("j", enforced)


def test_completion_shows_examples_and_each_round_another_order(room):
    first, second = (completion_request("Take\n5 mg.", room, n) for n in (0, 1))
    assert first.messages[0].content.endswith("English: Take 5 mg.\nArabic:")
    assert first.messages != second.messages
    assert sorted(first.messages[0].content.split("\n\n")) == sorted(second.messages[0].content.split("\n\n"))
    assert first.stop == ("\n",)


def test_completion_goes_from_arabic_to_english_too(make_room):
    room, *_ = make_room(lambda _: "", direction=("ar", "en"))
    assert completion_request("تناول قرصًا.", room, 0).messages[0].content.endswith("Arabic: تناول قرصًا.\nEnglish:")
    room.checks.shutdown()
    room.desk.close()
