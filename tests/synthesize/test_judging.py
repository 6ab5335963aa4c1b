import json

import pytest

from qantara.synthesize.judging import read_verdict, schema


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('{"verdict": "agrees", "reason": "same dose"}', "agrees"),
        ('Sure:\n{"verdict": "contradicts"} done', "contradicts"),
        ('{"verdict": "unclear", "reason": ""}', "unclear"),
        ('{"verdict": "yes"}', None),
        ('{"verdict": "agrees"', None),
        ("agrees", None),
        ("} {", None),
        ("", None),
    ],
)
def test_a_verdict_is_read_or_there_is_none(text, verdict):
    assert read_verdict(text) == verdict


def test_the_schema_allows_what_is_read_and_nothing_else():
    told = json.loads(schema())
    assert told["properties"]["verdict"]["enum"] == ["agrees", "contradicts", "unclear"]
    assert told["additionalProperties"] is False
