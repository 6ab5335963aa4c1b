"""Checks a chunk of rows: each becomes a checked pair or a bad row, and the chunk's share of what the set as a whole shows.

Runs in worker processes, so what goes in and out is pickled: `CheckSettings` and rows in, `ChunkResult` out, no model, no file.
"""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from qantara.audit.findings import CheckedPair
from qantara.audit.pairs import BadRow, Pair, Shape, pair_of, texts
from qantara.audit.rows import NumberedRow
from qantara.fidelity.check import check
from qantara.fidelity.meaning import Meaning
from qantara.fidelity.terms import Glossary
from qantara.fidelity.whole_set import ObservedPair, WholeSet
from qantara.records import Choice, Finding


@dataclass(frozen=True)
class CheckSettings:
    """How pairs are checked; `meaning` loads what compares meanings, once a process, and must be picklable."""

    shape: Shape
    meaning: Callable[[], Meaning] | None = None
    glossary: Glossary | None = None

    @cached_property
    def loaded_meaning(self) -> Meaning | None:
        """Return what compares meanings, loaded when it is first used in this process."""
        return self.meaning() if self.meaning is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkResult:
    """What a chunk of rows gave: pairs and bad rows (number, reason) in their order, and the chunk's part of the whole set."""

    pairs: list[CheckedPair]
    bad_rows: list[tuple[int, str]]
    whole_set: WholeSet


def check_packed(packed_settings: bytes, rows: Sequence[NumberedRow]) -> ChunkResult:
    """Return what a chunk gives under pickled settings, which are unpacked once a process."""
    return check_chunk(_unpacked(packed_settings), rows)


def check_chunk(settings: CheckSettings, rows: Sequence[NumberedRow]) -> ChunkResult:
    """Return what a chunk of rows gives; the same rows give the same result in any process."""
    pairs, bad_rows = _read(settings.shape, rows)
    whole_set = WholeSet()
    for pair in pairs:
        whole_set.observe(observed(pair, settings.shape))
    whole_set.flush()  # numbers travel to the parent process, not texts
    meanings = _meanings(settings, pairs)
    checked = [
        CheckedPair(row=pair.number, id=pair.id, similarity=similarity, findings=(*_findings(pair, settings), *found))
        for pair, (similarity, found) in zip(pairs, meanings, strict=True)
    ]
    return ChunkResult(pairs=checked, bad_rows=bad_rows, whole_set=whole_set)


def observed(pair: Pair, shape: Shape) -> ObservedPair:
    """Return the pair as the checks of the set as a whole take it."""
    choice = pair.source if isinstance(pair.source, Choice) else None
    return ObservedPair(
        number=pair.number,
        id=pair.id,
        source=texts(pair.source),
        target=texts(pair.target),
        source_language=shape.source_language,
        target_language=shape.target_language,
        answer_index=choice.answer_index if choice and choice.answer_index >= 0 else None,
        num_options=len(choice.options) if choice else 0,
    )


@cache
def _unpacked(packed: bytes) -> CheckSettings:
    settings: CheckSettings = pickle.loads(packed)  # by our own parent process
    return settings


def _read(shape: Shape, rows: Sequence[NumberedRow]) -> tuple[list[Pair], list[tuple[int, str]]]:
    pairs, bad = [], []
    for row in rows:
        if row.values is None:
            bad.append((row.number, row.fault))
            continue
        try:
            pairs.append(pair_of(row.values, row.number, shape))
        except BadRow as error:
            bad.append((row.number, str(error)))
    return pairs, bad


def _findings(pair: Pair, settings: CheckSettings) -> Sequence[Finding]:
    shape = settings.shape
    return check(
        pair.source,
        pair.target,
        source_language=shape.source_language,
        target_language=shape.target_language,
        glossary=settings.glossary,
    )


def _meanings(settings: CheckSettings, pairs: Sequence[Pair]) -> list[tuple[float | None, tuple[Finding, ...]]]:
    """Return similarity and findings of each pair, compared with the other pairs of its chunk."""
    compare = settings.loaded_meaning
    if compare is None:
        return [(None, ()) for _ in pairs]
    compared = compare([(texts(pair.source), texts(pair.target)) for pair in pairs])
    return [(pair.similarity, pair.findings) for pair in compared]
