import json

from qantara.audit.findings import CheckedPair, parse_line
from qantara.fidelity.whole_set import PairFinding
from qantara.records import Finding, Span

FINDING = Finding(
    rule="a.b",
    severity="warn",
    field="question",
    message="m",
    source_text="5",
    target_text="٥",
    version=3,
    source_span=Span(start=1, end=2),
    expected="5",
    got="6",
)
PAIR = CheckedPair(row=4, id="é\u2028", similarity=0.123456, findings=(FINDING,))


def test_a_line_comes_back_as_it_was_with_the_similarity_rounded():
    line = PAIR.line()
    back = parse_line(line)
    assert back.findings == PAIR.findings
    assert (back.id, back.row, back.similarity, back.verdict) == ("é\u2028", 4, 0.1235, "warn")
    assert back.line() == line


def test_a_line_says_what_a_script_needs():
    value = json.loads(PAIR.line())
    assert list(value) == ["id", "row", "verdict", "similarity", "findings"]
    assert value["findings"][0]["source_span"] == [1, 2]
    assert value["findings"][0]["target_span"] is None


def test_findings_of_the_set_join_and_change_the_verdict():
    more = PairFinding(rule="set.x", severity="fail", field="", message="shared", quote="ع", num_sharing=3, partner=9)
    joined = PAIR.with_set_findings([more])
    assert joined.verdict == "fail"
    assert joined.findings[1].message == "shared (see row 9)"
    assert joined.findings[1].target_text == "ع"
