import pytest

from qantara.records import Answer, Attempt, Finding, Origin, child, with_id
from qantara.translate.routing import is_drawn_for_audit, route
from qantara.translator.scoring import score

SOURCE = with_id(Answer(id="", language="en", origin=Origin(source="t", native_id="1"), question="Q", answer="A"))
TARGET = child(SOURCE, {"question": "س", "answer": "ج"}, "ar")


def attempt(number, *severities, target=TARGET, rule=""):
    findings = tuple(Finding(rule=f"r.{s}", severity=s, field="", message="") for s in severities)
    findings += (Finding(rule=rule, severity="fail", field="", message=""),) if rule else ()
    return Attempt(round=number, target=target, findings=findings, score=score(findings))


@pytest.mark.parametrize(
    ("attempts", "score_limits", "chosen", "reason"),
    [
        ([attempt(0)], (None, None), "accept", "no fault found"),
        ([attempt(0, "fail"), attempt(1, "info")], (None, None), "accept", "no fault found"),
        ([attempt(0, "fail"), attempt(1, "warn")], (None, None), "people", "r.warn"),
        ([attempt(0, "fail"), attempt(1, "warn")], (80, None), "accept", "score at the threshold"),
        ([attempt(0, "info")], (99, None), "people", "r.info"),
        ([attempt(0, "info", "warn", "fail")], (0, None), "people", "r.fail"),
        ([attempt(0, "fail", "fail", "fail")], (None, None), "people", "r.fail"),
        ([attempt(0, "fail", "fail", "fail")], (85, 25), "reject", "score_below_floor"),
        ([attempt(0, target=None)], (None, None), "reject", "no_readable_translation"),
        ([attempt(0, target=None, rule="call.timeout")], (None, None), "reject", "call_timeout"),
    ],
)
def test_where_a_translation_goes_and_why(attempts, score_limits, chosen, reason):
    found = route(SOURCE, attempts, *score_limits)
    assert (found.route, found.reason) == (chosen, reason)
    assert found.attempts == tuple(attempts)
    assert found.source == SOURCE


def test_the_audit_draws_about_its_share_and_always_the_same():
    drawn = {i for i in range(10_000) if is_drawn_for_audit(f"id{i}", 0.05, 7)}
    assert 420 <= len(drawn) <= 580
    assert drawn == {i for i in range(10_000) if is_drawn_for_audit(f"id{i}", 0.05, 7)}
    assert drawn != {i for i in range(10_000) if is_drawn_for_audit(f"id{i}", 0.05, 8)}


def test_no_share_draws_nothing_and_the_whole_draws_all():
    assert not any(is_drawn_for_audit(f"id{i}", 0.0, 1) for i in range(100))
    assert all(is_drawn_for_audit(f"id{i}", 1.0, 1) for i in range(100))
