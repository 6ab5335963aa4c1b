"""Reads curated source-language records; writes one `Translation` a record, or a rejection. Any number streams through.

What one translation is (prompts, checks, judge, rounds) is the `translator` room's; here is only what happens to it.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from pydantic import Field, model_validator

from qantara.llm.config import identity
from qantara.llm.streaming import in_order
from qantara.records import Attempt, Example, Rejection, Translation, text_fields
from qantara.translate.routing import is_drawn_for_audit, route
from qantara.translator.config import TranslatorConfig
from qantara.translator.lock import has_reserved_markup
from qantara.translator.memory import Memory
from qantara.translator.policy import policy_id
from qantara.translator.room import Room
from qantara.translator.rounds import translate_batch

_WAITING_A_PLACE = 4  # records on their way for each call in flight: enough that slow batches don't leave places empty
_MOST_WAITING = 50_000


class TranslateConfig(TranslatorConfig):
    """Settings of the stage: those of the translator room, and what becomes of its translations."""

    calibration: Path | None = Field(
        default=None,
        description="file that `qantara calibrate` wrote, from the recipe's folder; none: scores decide nothing",
    )
    threshold: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="least score (0-100) that needs no person, instead of the calibration's; needs a calibration",
    )
    floor: int | None = Field(
        default=None, ge=0, le=100, description="score (0-100) below which nobody looks at it; needs a calibration"
    )
    audit_rate: float = Field(
        default=0.05, ge=0, le=1, description="share of accepted items that people see as well, 0..1"
    )
    batch_records: int = Field(default=32, ge=1, le=4096, description="records that go through a round together")

    @model_validator(mode="after")
    def _scores_are_calibrated(self) -> "TranslateConfig":
        given = [name for name in ("threshold", "floor") if getattr(self, name) is not None]
        if given and self.calibration is None:
            names = " and ".join(given)
            raise ValueError(f"{names}: a score decides nothing before it is calibrated; give `calibration` as well")
        return self

    def result_settings(self) -> dict[str, object]:
        """Return the settings that the result follows from: another url or concurrency repeats nothing."""
        backends = {"model": self.model, "judge": self.judge, "second_judge": self.second_judge}
        values = self.model_dump(mode="json", exclude=set(backends))
        return values | {name: identity(backend) if backend else None for name, backend in backends.items()}


@dataclass(slots=True)
class _Counts:
    """What the summary tells."""

    by_rule: Counter[str] = field(default_factory=Counter)
    mended: int = 0
    audited: int = 0


def translate(
    examples: Iterable[Example], config: TranslateConfig, room: Room, seed: int
) -> Generator[Translation | Rejection, None, dict[str, object]]:
    """Yield each record's translation (accepted or for people) or its rejection, in order; return counts for the summary."""
    counts = _Counts()

    async def work(batch: list[Example]) -> list[tuple[Example, tuple[Attempt, ...] | None]]:
        locked = [example for example in batch if not has_reserved_markup(text_fields(example))]
        made = dict(zip(map(id, locked), await translate_batch(locked, room), strict=True))
        return [(example, made.get(id(example))) for example in batch]

    waiting = min(_WAITING_A_PLACE * room.capacity, max(_MOST_WAITING, room.capacity))
    width = max(2, -(-waiting // config.batch_records))
    for batch in in_order(_batches(examples, config.batch_records), work, width, room.close):
        for example, attempts in batch:
            yield _outcome(example, attempts, config, room, seed, counts)
    details: dict[str, object] = {
        "found_by_rule": dict(counts.by_rule.most_common()),
        "mended_by_retranslation": counts.mended,
        "drawn_for_audit": counts.audited,
        "policy": policy_id(config, room.direction),
        "threshold": room.threshold,
    }
    return details | (_of_memory(room.memory, room.counts["reused"]) if room.memory is not None else {})


def _outcome(
    example: Example,
    attempts: tuple[Attempt, ...] | None,
    config: TranslateConfig,
    room: Room,
    seed: int,
    counts: _Counts,
) -> Translation | Rejection:
    if attempts is None:
        return _rejection(example, "reserved_markup", "the text holds the tags that the structure lock uses")
    translation = route(example, attempts, room.threshold, config.floor)
    counts.by_rule.update({f.rule for attempt in attempts for f in attempt.findings if f.severity != "info"})
    if translation.route == "reject":
        return _rejection(example, translation.reason, _why(translation))
    if translation.route == "accept":
        counts.mended += len(attempts) > 1
        if is_drawn_for_audit(example.id, config.audit_rate, seed):
            counts.audited += 1
            return replace(translation, audit=True)
    return translation


def _why(translation: Translation) -> str:
    if translation.target is not None:
        return f"best score {translation.score} of 100"
    return "; ".join(dict.fromkeys(finding.message for finding in translation.attempts[-1].findings))


def _of_memory(memory: Memory, num_reused: int) -> dict[str, object]:
    counts = {"entries": memory.num_entries, "ambiguous": memory.num_ambiguous, "unusable": memory.num_unusable}
    return {"memory": counts | {"reused": num_reused}}


def _batches(examples: Iterable[Example], size: int) -> Iterator[list[Example]]:
    stream = iter(examples)
    while batch := list(islice(stream, size)):
        yield batch


def _rejection(example: Example, reason: str, detail: str) -> Rejection:
    return Rejection(
        record_id=example.id, native_id=example.origin.native_id, stage="translate", reason=reason, detail=detail
    )
