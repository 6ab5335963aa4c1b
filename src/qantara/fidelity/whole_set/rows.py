"""What is kept of each pair, one row a pair in numpy columns (about 310 bytes): hashes, word counts, sketches; never the texts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from qantara.fidelity.whole_set.folding import U64, Batch, Ints, fold_batch, mix, sums_by_owner, text_hashes
from qantara.fidelity.whole_set.pair import ObservedPair, main_field, main_text
from qantara.fidelity.whole_set.sketches import Sketches, sketch


@dataclass(slots=True, kw_only=True)
class Rows:
    """Columns of equal length. "main" is the question or text, "whole" all fields; `ids` is 0 where a pair has no id."""

    numbers: Ints
    ids: U64
    num_options: NDArray[np.uint8]
    source_main: U64
    target_main: U64
    source_whole: U64
    target_whole: U64
    source_main_words: NDArray[np.uint16]
    target_main_words: NDArray[np.uint16]
    source_words: NDArray[np.uint16]
    target_words: NDArray[np.uint16]
    target_main_is_option: NDArray[np.bool_]
    source_sketches: Sketches
    target_sketches: Sketches


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a batch of pairs: its texts folded, the pair each text belongs to, and which texts are main ones."""

    batch: Batch
    owners: Ints
    mains: Ints
    num_texts: Ints


def fold_side(sides: Sequence[Mapping[str, str]]) -> Side:
    """Return the texts of each pair's side folded, the main text of each pair first."""
    texts: list[str] = []
    num_texts = np.zeros(len(sides), np.int64)
    for i, side in enumerate(sides):
        name = main_field(side)
        prefix = "turns/" if name == "turns/0" else name
        others = [text for field, text in side.items() if not (field.startswith(prefix) and prefix)]
        texts += [main_text(side), *others]
        num_texts[i] = 1 + len(others)
    owners = np.repeat(np.arange(len(sides)), num_texts)
    mains = np.cumsum(num_texts) - num_texts
    return Side(batch=fold_batch(texts), owners=owners, mains=mains, num_texts=num_texts)


def rows_of(pairs: Sequence[ObservedPair], source: Side, target: Side) -> Rows:
    """Return the rows of a batch of pairs whose sides are folded."""
    source_main, source_whole = _hashes(source)
    target_main, target_whole = _hashes(target)
    source_main_words, source_words = _words(source)
    target_main_words, target_words = _words(target)
    return Rows(
        numbers=np.array([pair.number for pair in pairs], np.int64),
        ids=np.array([_id_hash(pair.id) for pair in pairs], np.uint64),
        num_options=np.array([min(pair.num_options, 255) for pair in pairs], np.uint8),
        source_main=source_main,
        target_main=target_main,
        source_whole=source_whole,
        target_whole=target_whole,
        source_main_words=source_main_words,
        target_main_words=target_main_words,
        source_words=source_words,
        target_words=target_words,
        target_main_is_option=_main_is_other(target) & ~_main_is_other(source),
        source_sketches=sketch(source.batch, source.owners, len(pairs)),
        target_sketches=sketch(target.batch, target.owners, len(pairs)),
    )


@dataclass(slots=True)
class RowTable:
    """Rows that grow in place: columns have room to spare, whose untouched pages take no memory, and are never held twice."""

    columns: Rows | None = None
    num_rows: int = 0

    def append(self, rows: Rows) -> None:
        """Add rows at the end."""
        if self.columns is None:
            self.columns, self.num_rows = rows, len(rows.numbers)
            return
        end = self.num_rows + len(rows.numbers)
        if end > len(self.columns.numbers):
            self._resize(max(end, 2 * self.num_rows), self.num_rows)
        for column in fields(Rows):
            getattr(self.columns, column.name)[self.num_rows : end] = getattr(rows, column.name)
        self.num_rows = end

    def trim(self) -> None:
        """Give up the room to spare."""
        if self.columns is not None and len(self.columns.numbers) > self.num_rows:
            self._resize(self.num_rows, self.num_rows)

    def rows(self) -> Rows | None:
        """Return the rows as views, None if there are none."""
        if self.columns is None:
            return None
        return Rows(**{column.name: getattr(self.columns, column.name)[: self.num_rows] for column in fields(Rows)})

    def _resize(self, capacity: int, num_rows: int) -> None:
        for column in fields(Rows):
            old = getattr(self.columns, column.name)
            new = np.empty((capacity, *old.shape[1:]), old.dtype)
            new[:num_rows] = old[:num_rows]
            setattr(self.columns, column.name, new)


def _hashes(side: Side) -> tuple[U64, U64]:
    """Return the hash of each pair's main text and of all its texts in their order."""
    hashes = text_hashes(side.batch)
    positions = (np.arange(len(hashes)) - side.mains[side.owners]).astype(np.uint64)
    return hashes[side.mains], sums_by_owner(mix(hashes + (positions << np.uint64(32))), side.num_texts)


def _words(side: Side) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    counts = side.batch.word_counts()
    whole = np.bincount(side.owners, weights=counts, minlength=len(side.mains))
    return np.minimum(counts[side.mains], 0xFFFF).astype(np.uint16), np.minimum(whole, 0xFFFF).astype(np.uint16)


def _main_is_other(side: Side) -> NDArray[np.bool_]:
    """Tell which pairs say in the main text what another of their texts says."""
    hashes = text_hashes(side.batch)
    same = (hashes == hashes[side.mains][side.owners]) & (hashes != 0)
    same[side.mains] = False
    return np.bincount(side.owners[same], minlength=len(side.mains)) > 0


def _id_hash(identifier: str) -> int:
    if not identifier:
        return 0
    return int.from_bytes(hashlib.blake2b(identifier.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
