from qantara.fidelity.rule import Match, RecordMatch, record_rule, rule
from qantara.fidelity.text_pair import TextPair
from qantara.records import Answer, Finding, Origin, Span


@rule("test.word", severity="fail", why="A test.", version=3)
def word(pair):
    """Find the first word."""
    if pair.source:
        yield Match("found", (0, 3), (0, 0), "one", "two", "warn" if pair.field == "mild" else None)


@record_rule("test.record", applies_to="record", why="A test.")
def record(source, target):
    """Find every record."""
    yield RecordMatch("answer", "found", source.answer, target.answer)
    yield RecordMatch("", "the whole", severity="info")


def pair(source, field="text"):
    return TextPair(field=field, source=source, target="x", source_language="en", target_language="ar")


def test_a_rule_makes_findings_with_its_id_version_severity_and_quotes():
    assert word(pair("\u200fOne two")) == [
        Finding(
            rule="test.word",
            version=3,
            severity="fail",
            field="text",
            message="found",
            source_text="One",
            source_span=Span(start=1, end=4),
            expected="one",
            got="two",
        )
    ]


def test_a_match_may_be_milder_than_its_rule():
    assert [finding.severity for finding in word(pair("One", "mild"))] == ["warn"]


def test_a_rule_that_finds_nothing_gives_an_empty_list():
    assert word(pair("")) == []


def test_a_record_rule_spans_whole_fields():
    origin = Origin(source="test", native_id="1")
    source = Answer(id="", language="en", origin=origin, question="?", answer="So.")
    target = Answer(id="", language="ar", origin=origin, question="؟", answer="هكذا.")
    field, whole = record(source, target)
    assert (field.severity, field.source_span, field.target_span) == (
        "fail",
        Span(start=0, end=3),
        Span(start=0, end=5),
    )
    assert (whole.severity, whole.field, whole.source_span) == ("info", "", None)
