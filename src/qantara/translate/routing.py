"""Where a translation goes: accepted, to people, or rejected; and which accepted ones people see all the same."""

import hashlib
from collections.abc import Sequence

from qantara.records import Attempt, Example, Finding, Route, Translation, worst
from qantara.translator.scoring import best, is_acceptable


def route(source: Example, attempts: Sequence[Attempt], threshold: int | None, floor: int | None) -> Translation:
    """Return the translation with its route.

    Unreadable is rejected, acceptable (see `is_acceptable`) is accepted, everything between goes to people. A score rejects only
    below a `floor`, which like the threshold needs a calibration.
    """
    kept = best(attempts)
    chosen: Route
    if is_acceptable(kept, threshold):
        chosen, reason = "accept", "no fault found" if worst(kept.findings) == "pass" else "score at the threshold"
    elif kept.target is None:
        chosen, reason = "reject", _why_unreadable(attempts)
    elif floor is not None and kept.score < floor:
        chosen, reason = "reject", "score_below_floor"
    else:
        chosen, reason = "people", _doubt(kept.findings)
    return Translation(
        source=source,
        target=kept.target,
        route=chosen,
        reason=reason,
        score=kept.score,
        attempts=tuple(attempts),
    )


def is_drawn_for_audit(record_id: str, rate: float, seed: int) -> bool:
    """Tell whether a record is in the random share `rate` (0..1); a hash of id and seed, so adding records changes no draw."""
    digest = hashlib.blake2b(f"{seed}/{record_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 < rate


def _why_unreadable(attempts: Sequence[Attempt]) -> str:
    """Return the last fault of a call as a reason code, or that what came back was out of form."""
    rules = [finding.rule for finding in attempts[-1].findings if finding.rule.startswith("call.")]
    return rules[0].replace("call.", "call_") if rules else "no_readable_translation"


def _doubt(findings: Sequence[Finding]) -> str:
    severities = {"fail": 0, "warn": 1, "info": 2}
    worst_first = sorted(findings, key=lambda finding: severities[finding.severity])
    return worst_first[0].rule if worst_first else "score_below_threshold"
