"""From findings to a score 0-100, and to the best of several attempts.

The penalties are this project's own (no paper gives any): one fail or one warning is enough to fall below the default threshold of
85, three fails fall below the default floor of 25.
"""

from collections.abc import Sequence

from qantara.records import Attempt, Finding, worst

PENALTIES = {"fail": 30, "warn": 20, "info": 2}
DEFAULT_THRESHOLD = 85
DEFAULT_FLOOR = 25


def score(findings: Sequence[Finding]) -> int:
    """Return 100 less the penalty of each finding, at least 0."""
    return max(0, 100 - sum(PENALTIES[finding.severity] for finding in findings))


def is_acceptable(attempt: Attempt, threshold: int) -> bool:
    """Tell whether an attempt can be used without a person: readable, nothing failed, score at the threshold or above."""
    return attempt.target is not None and worst(attempt.findings) != "fail" and attempt.score >= threshold


def best(attempts: Sequence[Attempt]) -> Attempt:
    """Return the attempt to keep: readable before not, without a fail before with, then by score; the later of equals."""
    return max(attempts, key=lambda a: (a.target is not None, worst(a.findings) != "fail", a.score, a.round))
