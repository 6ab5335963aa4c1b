"""Reads curated source-language records; writes one `Translation` a record, or a rejection.

What one translation is (prompts, checks, judge, rounds) is the `translator` room's; here is only what happens to it.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from pydantic import Field

from qantara.records import Example, Rejection, Translation, text_fields
from qantara.translate.routing import is_drawn_for_audit, route
from qantara.translator.config import TranslatorConfig
from qantara.translator.lock import has_reserved_markup
from qantara.translator.rounds import Room, translate_batch
from qantara.translator.scoring import DEFAULT_FLOOR


class TranslateConfig(TranslatorConfig):
    """Settings of the stage: those of the translator room, and what becomes of its translations."""

    floor: int = Field(
        default=DEFAULT_FLOOR, ge=0, le=100, description="score (0-100) below which a translation is rejected"
    )
    audit_rate: float = Field(
        default=0.05, ge=0, le=1, description="share of accepted items that people see as well, 0..1"
    )
    batch_records: int = Field(default=32, ge=1, le=4096, description="records that go through a round together")


def translate(
    examples: Iterable[Example], config: TranslateConfig, room: Room, seed: int
) -> Generator[Translation | Rejection, None, dict[str, object]]:
    """Yield each record's translation (accepted or for people) or its rejection; return counts for the summary."""
    stopped: Counter[str] = Counter()
    mended = audited = 0
    for batch in _batches(examples, config.batch_records):
        locked = [example for example in batch if not has_reserved_markup(text_fields(example))]
        outcomes = iter(translate_batch(locked, room))
        for example in batch:
            if has_reserved_markup(text_fields(example)):
                yield _rejection(example, "reserved_markup", "the text holds the tags that the structure lock uses")
                continue
            attempts = next(outcomes)
            translation = route(example, attempts, config.threshold, config.floor)
            stopped.update({f.rule for attempt in attempts for f in attempt.findings if f.severity != "info"})
            mended += translation.route == "accept" and len(attempts) > 1
            if translation.route == "reject":
                yield _rejection(example, translation.reason, f"best score {translation.score} of 100")
                continue
            if translation.route == "accept" and is_drawn_for_audit(example.id, config.audit_rate, seed):
                translation = replace(translation, audit=True)
                audited += 1
            yield translation
    return {"found_by_rule": dict(stopped.most_common()), "mended_by_retranslation": mended, "drawn_for_audit": audited}


def _batches(examples: Iterable[Example], size: int) -> Iterator[list[Example]]:
    stream = iter(examples)
    while batch := list(islice(stream, size)):
        yield batch


def _rejection(example: Example, reason: str, detail: str) -> Rejection:
    return Rejection(
        record_id=example.id, native_id=example.origin.native_id, stage="translate", reason=reason, detail=detail
    )
