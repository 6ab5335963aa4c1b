"""Reads translations and people's decisions; writes the target-language records that may be trained on.

An accepted translation needs no decision; one that people must see is kept only with their accept or edit. An edited text passes
the deterministic checks again: if they fail, the reviewer's stated reason must stand for it, or the record is rejected.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from qantara.fidelity.check import check
from qantara.intervals import wilson
from qantara.records import Decision, Example, Rejection, Translation, child, text_fields, worst


class ReviewConfig(BaseModel):
    """Settings of the stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decisions: Path | None = Field(
        default=None,
        description="file of decisions (csv, jsonl or xlsx) to import before the stage, relative to the recipe",
    )


def review(
    translations: Iterable[Translation], decisions: Mapping[str, Decision]
) -> Generator[Example | Rejection, None, dict[str, object]]:
    """Yield one record or rejection a translation; return counts, and the rate of major errors in accepted items."""
    actions: Counter[str] = Counter()
    audited = wrong = 0
    for translation in translations:
        decision = decisions.get(translation.source.id)
        actions["none" if decision is None else decision.action] += 1
        if translation.audit and decision is not None:
            audited += 1
            wrong += decision.error == "major"
        yield _decide(translation, decision)
    error = wilson(wrong, audited)
    rate = {"wrong": wrong, "reviewed": audited, "low": error.low, "high": error.high}
    return {"decisions": dict(actions), "accepted_error_rate": rate}


def edited_target(translation: Translation, decision: Decision) -> Example | None:
    """Return the translation with the reviewer's texts in it; None when there is no translation to edit."""
    if translation.target is None:
        return None
    fields = text_fields(translation.target) | dict(decision.edited)
    return child(translation.source, fields, translation.target.language)


def _decide(translation: Translation, decision: Decision | None) -> Example | Rejection:
    if decision is None:
        if translation.route == "accept" and translation.target is not None:
            return translation.target
        return _rejection(translation, "awaits_review", "people must decide on this translation")
    if decision.action == "reject":
        return _rejection(translation, "rejected_by_reviewer", decision.reason)
    if decision.action == "accept":
        if translation.target is None:
            return _rejection(translation, "no_readable_translation", "accepted, but there is no text")
        return translation.target
    target = edited_target(translation, decision)
    if target is None:
        return _rejection(translation, "no_readable_translation", "edited, but there is no text")
    if worst(check(translation.source, target)) == "fail" and not decision.reason:
        return _rejection(
            translation, "edit_fails_checks", "the edited text fails the checks and no reason is given for it"
        )
    return target


def _rejection(translation: Translation, reason: str, detail: str) -> Rejection:
    source = translation.source
    return Rejection(
        record_id=source.id, native_id=source.origin.native_id, stage="review", reason=reason, detail=detail
    )
