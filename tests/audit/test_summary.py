from qantara.audit.checking import CheckSettings
from qantara.audit.findings import CheckedPair
from qantara.audit.pairs import Shape
from qantara.audit.passes import FirstPass, SecondPass
from qantara.audit.showcase import Showcase
from qantara.audit.summary import bad_rows_line, not_checked, summary_of, table
from qantara.audit.tally import Tally
from qantara.fidelity.whole_set import SetFinding, WholeSetFindings
from qantara.records import Finding

SETTINGS = CheckSettings(Shape(source_language="en", target_language="ar"))
SKEW = SetFinding(rule="set.skew", severity="warn", message="too many A", figures={"share": 0.5})


def summary(num_bad=0, num_rules=1):
    passed = FirstPass(num_rows=2 + num_bad, num_bad=num_bad, bad_rows=[(row, "why") for row in range(num_bad)])
    joined = SecondPass(Tally(), Showcase(1), num_clean=1)
    findings = tuple(Finding(rule=f"r.{i}", severity="fail", field="", message="") for i in range(num_rules))
    joined.tally.add(CheckedPair(row=1, id="a", similarity=None, findings=findings))
    joined.tally.add(CheckedPair(row=2, id="b", similarity=None, findings=()))
    return summary_of("pairs.jsonl", SETTINGS, passed, joined, WholeSetFindings(statistics=(SKEW,), by_pair={}))


def test_the_summary_counts_rows_pairs_and_verdicts():
    made = summary(num_bad=3)
    assert (made["rows"], made["pairs"], made["bad_rows"]["count"], made["clean_ids"]) == (5, 2, 3, 1)
    assert made["verdicts"] == {"fail": 1, "warn": 0, "pass": 1}
    assert made["rules"][0] == {"rule": "r.0", "version": 1, "pairs": 1, "fail": 1, "warn": 0, "info": 0}
    assert made["set"] == [{"rule": "set.skew", "severity": "warn", "message": "too many A", "figures": {"share": 0.5}}]


def test_bad_rows_are_counted_and_named_in_one_line():
    assert bad_rows_line(summary()) == ""
    assert bad_rows_line(summary(num_bad=1)) == "1 bad row (row 0: why), all named in bad_rows.jsonl"
    assert bad_rows_line(summary(num_bad=7)).count("why") == 5
    assert "and 2 more" in bad_rows_line(summary(num_bad=7))


def test_the_table_tells_verdicts_the_worst_rules_and_the_set():
    lines = table(summary(num_rules=14))
    assert "fail                             1    50.0%" in lines
    assert sum(line.startswith("r.") for line in lines) == 12
    assert "and 2 more rules in summary.json" in lines
    assert "the set: too many A (set.skew, warn)" in lines


def test_a_self_test_is_part_of_the_table():
    made = summary() | {"self_test": [{"kind": "value x10", "made": 40, "failed": 39, "found": 40}]}
    assert table(made)[-1].split() == ["value", "x10", "40", "39", "40"]


def test_what_was_not_checked_is_said():
    told = not_checked(SETTINGS, FirstPass(num_rows=3, num_bad=2))
    assert told[0].startswith("2 bad rows")
    assert any(line.startswith("Meaning") for line in told)
    assert any("glossary" in line for line in told)
    with_meaning = CheckSettings(SETTINGS.shape, meaning=lambda: None)
    assert not any(line.startswith("Meaning") for line in not_checked(with_meaning, FirstPass()))
