import pytest

from qantara.records import Answer, Attempt, Finding, Origin, with_id
from qantara.translator.scoring import best, is_acceptable, score

TARGET = with_id(Answer(id="", language="ar", origin=Origin(source="t", native_id="1"), question="س", answer="ج"))


def findings(*severities):
    return tuple(Finding(rule="r", severity=s, field="", message="") for s in severities)


def attempt(number, *severities, target=TARGET):
    found = findings(*severities)
    return Attempt(round=number, target=target, findings=found, score=score(found))


@pytest.mark.parametrize(
    ("severities", "value"),
    [((), 100), (("info",), 98), (("warn",), 80), (("fail",), 70), (("fail",) * 3, 10), (("fail",) * 9, 0)],
)
def test_each_finding_costs_its_penalty_and_the_floor_is_zero(severities, value):
    assert score(findings(*severities)) == value


def test_without_a_calibrated_threshold_only_findings_decide():
    assert is_acceptable(attempt(0), None)
    assert is_acceptable(attempt(0, *["info"] * 9), None)
    assert not is_acceptable(attempt(0, "warn"), None)
    assert not is_acceptable(attempt(0, "fail"), None)


def test_a_fail_is_never_acceptable_however_low_the_threshold():
    assert not is_acceptable(attempt(0, "fail"), 0)
    assert not is_acceptable(attempt(0, target=None), 0)
    assert is_acceptable(attempt(0, "warn"), 80)


def test_the_best_attempt_is_kept_and_not_the_last():
    good, bad, unreadable = attempt(0, "warn"), attempt(1, "fail"), attempt(2, target=None)
    assert best([good, bad, unreadable]) is good
    assert best([attempt(0, "warn", "warn", "warn", "warn"), bad]).round == 0


def test_of_equals_the_later_is_kept():
    assert best([attempt(0, "warn"), attempt(1, "warn")]).round == 1
