import json

from qantara.audit.findings import CheckedPair
from qantara.audit.tally import Tally, gravest
from qantara.records import Finding


def pair(*found, similarity=None):
    findings = tuple(Finding(rule=rule, severity=severity, field="", message="") for rule, severity in found)
    return CheckedPair(row=1, id="x", similarity=similarity, findings=findings)


def test_a_rule_counts_once_a_pair_at_its_gravest():
    assert gravest(pair(("a", "info"), ("a", "fail"), ("a", "warn"), ("b", "info"))) == {
        "a": ("fail", 1),
        "b": ("info", 1),
    }


def test_rules_are_ordered_by_fails_then_warnings_then_remarks():
    tally = Tally()
    for found in ([("w", "warn")], [("w", "warn")], [("f", "fail")], [("i", "info")], [("i", "info")], [("i", "info")]):
        tally.add(pair(*found))
    assert [count.rule for count in tally.rules()] == ["f", "w", "i"]
    assert tally.as_json()["verdicts"] == {"fail": 1, "warn": 2, "pass": 3}
    assert tally.num_pairs == 6


def test_similarities_are_summed_up_where_there_are_any():
    tally = Tally()
    tally.add(pair())
    assert tally.as_json()["similarity"] is None
    tally.add(pair(similarity=0.5))
    tally.add(pair(similarity=0.25))
    assert tally.as_json()["similarity"] == {"pairs": 2, "mean": 0.375, "least": 0.25}
    json.dumps(tally.as_json(), allow_nan=False)
