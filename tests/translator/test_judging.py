import json

import pytest

from qantara.records import worst
from qantara.translator.judging import Judgement, combined, not_judged, read_judgement, schema

SOURCE = {"question": "How much?", "answer": "Take 5 mg daily, not more."}
TARGET = {"question": "كم الجرعة؟", "answer": "تناول 50 ملغ يوميًا."}
SPAN = {
    "field": "answer",
    "category": "number",
    "severity": "critical",
    "source": "5 mg",
    "target": "50 ملغ",
    "suggestion": "write 5",
}


def read(*spans, score=40):
    return read_judgement(json.dumps({"spans": list(spans), "score": score}), SOURCE, TARGET)


def test_spans_become_findings_with_their_quotes():
    found = read(SPAN, SPAN | {"severity": "minor"})
    assert [(f.rule, f.severity, f.field, f.source_text, f.target_text) for f in found.findings] == [
        ("judge.number", "fail", "answer", "5 mg", "50 ملغ"),
        ("judge.number", "info", "answer", "5 mg", "50 ملغ"),
    ]
    assert found.own_score == 40


@pytest.mark.parametrize(
    "quotes",
    [
        {"source": "500 mg"},
        {"target": "5 ملغ"},
        {"source": "", "target": ""},
    ],
)
def test_a_span_whose_quotes_do_not_stand_in_the_texts_is_a_warning(quotes):
    (finding,) = read(SPAN | quotes).findings
    assert finding.severity == "warn"
    assert finding.message.startswith("not proven")


def test_an_omission_is_proven_by_its_source_alone_and_white_space_does_not_count():
    (finding,) = read(SPAN | {"category": "omission", "source": "daily,\n not  more", "target": ""}).findings
    assert finding.severity == "fail"


def test_talk_around_the_object_is_allowed_and_no_spans_mean_no_findings():
    assert read_judgement('Here you are:\n```json\n{"spans": []}\n```', SOURCE, TARGET) == ((), None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "looks fine to me",
        '{"spans": [',
        '{"score": 98}',
        '{"spans": [], "score": 400}',
        json.dumps({"spans": [SPAN | {"severity": "terrible"}]}),
        json.dumps({"spans": [SPAN | {"field": "options/7"}]}),
        "}{",
    ],
)
def test_what_can_not_be_read_is_nothing(text):
    assert read_judgement(text, SOURCE, TARGET) is None


def test_what_nobody_judged_fails():
    assert worst(not_judged("unreadable").findings) == "fail"


def test_two_votes_together():
    major = read(SPAN).findings[0]
    same_place = read(SPAN | {"category": "unit", "source": "5"}).findings[0]
    minor = read(SPAN | {"category": "fluency", "severity": "minor"}).findings[0]
    assert combined(Judgement((major,), 30), Judgement((same_place,), None)) == ((major,), 30)
    both = combined(Judgement((major,), 30), Judgement((minor,), 71))
    assert [f.severity for f in both.findings] == ["warn", "info"]
    assert both.own_score == 50


def test_the_schema_asks_for_every_property_and_takes_what_is_read():
    told = json.loads(schema())
    span = told["properties"]["spans"]["items"]
    assert set(span["required"]) == set(SPAN) == set(span["properties"])
    assert SPAN["category"] in span["properties"]["category"]["enum"]
    assert told["additionalProperties"] is False
