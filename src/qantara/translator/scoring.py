"""From findings to a score 0-100, and to the best of several attempts.

The penalties are this project's own (no paper gives any). A score decides nothing until it was calibrated against people's
decisions: without a threshold from a calibration only the findings themselves decide.
"""

from collections.abc import Sequence

from qantara.records import Attempt, Finding, worst

PENALTIES = {"fail": 30, "warn": 20, "info": 2}


def score(findings: Sequence[Finding]) -> int:
    """Return 100 less the penalty of each finding, at least 0."""
    return max(0, 100 - sum(PENALTIES[finding.severity] for finding in findings))


def is_acceptable(attempt: Attempt, threshold: int | None) -> bool:
    """Tell whether an attempt can be used without a person: readable, nothing failed, and a score at the calibrated threshold.

    Without one (None) nothing may have been doubted either: no warning.
    """
    verdict = worst(attempt.findings)
    if attempt.target is None or verdict == "fail":
        return False
    return verdict == "pass" if threshold is None else attempt.score >= threshold


def best(attempts: Sequence[Attempt]) -> Attempt:
    """Return the attempt to keep: readable before not, without a fail before with, then by score; the later of equals."""
    return max(attempts, key=lambda a: (a.target is not None, worst(a.findings) != "fail", a.score, a.round))
