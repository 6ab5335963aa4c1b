import json

import pytest

from qantara.records import worst
from qantara.translator.judging import read_judgement

SPAN = {
    "field": "answer",
    "category": "number",
    "severity": "critical",
    "source": "5",
    "target": "50",
    "suggestion": "write 5",
}


def test_spans_become_findings_with_their_quotes(answered):
    found = read_judgement(answered(json.dumps({"spans": [SPAN, SPAN | {"severity": "minor"}], "score": 40})))
    assert [(f.rule, f.severity, f.field, f.source_text, f.target_text) for f in found.findings] == [
        ("judge.number", "fail", "answer", "5", "50"),
        ("judge.number", "info", "answer", "5", "50"),
    ]
    assert found.own_score == 40


def test_talk_around_the_object_is_allowed_and_no_spans_mean_no_findings(answered):
    assert read_judgement(answered('Here you are:\n```json\n{"spans": []}\n```')) == ((), None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "stop"),
        ("looks fine to me", "stop"),
        ('{"spans": [', "stop"),
        ('{"score": 98}', "stop"),
        (json.dumps({"spans": [SPAN | {"severity": "terrible"}]}), "stop"),
        ('{"spans": []}', "length"),
        ("}{", "stop"),
    ],
)
def test_what_can_not_be_read_is_never_taken_for_right(answered, text, reason):
    found = read_judgement(answered(text, reason))
    assert [f.rule for f in found.findings] == ["judge.unreadable"]
    assert worst(found.findings) == "fail"
