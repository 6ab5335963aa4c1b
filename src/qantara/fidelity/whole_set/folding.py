"""Folds a batch of texts into numbers at once: letters by a table, words and word n-grams as 64-bit hashes. Pure numpy.

The hashes are the same on every machine and in every process (Python's `hash` is not). What is a letter and what folds onto what
comes from `languages.fold`, one character at a time, so these hashes forgive what folding forgives, punctuation as well.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from qantara.languages import fold

U64 = NDArray[np.uint64]
Ints = NDArray[np.int64]

_DROPPED, _SPACE = 0, 1
_TABLE_SIZE = 0x11000
_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # SplitMix64 (Steele, Lea, Flood 2014)
_STEP = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Folded texts: `letters` (1 is a space) with the text each belongs to, and the words with their hash, text and offsets.

    Offsets count characters in the text as given; `word_ends` is past the last letter.
    """

    num_texts: int
    letters: NDArray[np.uint32]
    letter_texts: Ints
    word_hashes: U64
    word_texts: Ints
    word_starts: Ints
    word_ends: Ints

    def word_counts(self) -> Ints:
        """Return how many words each text has."""
        return np.bincount(self.word_texts, minlength=self.num_texts)


def fold_batch(texts: Sequence[str]) -> Batch:
    """Return the texts folded; what folds to nothing has no letters and no words."""
    lengths = np.fromiter((len(text) + 1 for text in texts), np.int64, len(texts))
    raw = "\n".join([*texts, ""]).encode("utf-32-le", "surrogatepass")
    letters = _letter_table()[np.minimum(np.frombuffer(raw, np.uint32), _TABLE_SIZE - 1)]
    owners = np.repeat(np.arange(len(texts)), lengths)
    kept = letters != _DROPPED
    kept[1:] &= (letters[1:] != _SPACE) | (letters[:-1] != _SPACE)
    places = np.flatnonzero(kept)
    letters, owners = letters[places], owners[places]
    places -= (np.cumsum(lengths) - lengths)[owners]
    first, last = _word_bounds(letters)
    return Batch(
        num_texts=len(texts),
        letters=letters,
        letter_texts=owners,
        word_hashes=_word_hashes(letters, first, last),
        word_texts=owners[first],
        word_starts=places[first],
        word_ends=places[last - 1] + 1,
    )


def mix(values: U64) -> U64:
    """Return the values scrambled so that every bit depends on every bit (SplitMix64's finalizer)."""
    values = (values ^ (values >> np.uint64(30))) * _MULTIPLIERS[0]
    values = (values ^ (values >> np.uint64(27))) * _MULTIPLIERS[1]
    return values ^ (values >> np.uint64(31))


def ngrams(values: U64, owners: Ints, length: int) -> tuple[U64, Ints]:
    """Return the hash and the start of each run of `length` values that stays within one owner."""
    # factors without a pattern: with multiples of one number, runs of equal sum and center would collide
    factors = mix(np.arange(1, length + 1, dtype=np.uint64) * np.uint64(_STEP)) | np.uint64(1)
    num_runs = max(0, len(values) - length + 1)
    hashes = np.zeros(num_runs, np.uint64)
    for i in range(length):
        hashes += values[i : i + num_runs] * factors[i]
    starts = np.flatnonzero(owners[:num_runs] == owners[length - 1 :]) if num_runs else np.zeros(0, np.int64)
    return mix(hashes[starts]), starts


def text_hashes(batch: Batch) -> U64:
    """Return one hash a text, equal for texts of the same words in the same order; 0 for a text without words."""
    counts = batch.word_counts()
    first = np.cumsum(counts) - counts
    positions = (np.arange(len(batch.word_hashes)) - first[batch.word_texts]).astype(np.uint64)
    return sums_by_owner(mix(batch.word_hashes + positions * np.uint64(_STEP)), counts)


def sums_by_owner(values: U64, counts: Ints) -> U64:
    """Return the sum, modulo 2^64, of each owner's values; owners follow each other and own `counts` values."""
    sums = np.zeros(len(counts), np.uint64)
    owning = np.flatnonzero(counts)
    if len(owning):
        sums[owning] = np.add.reduceat(values, (np.cumsum(counts) - counts)[owning])
    return sums


def runs_of_equals(keys: U64) -> list[tuple[int, int]]:
    """Return the start and the end of each run of equal values."""
    if not len(keys):
        return []
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))).tolist()
    return list(zip(starts, [*starts[1:], len(keys)], strict=True))


def _word_bounds(letters: NDArray[np.uint32]) -> tuple[Ints, Ints]:
    """Return where words start and end; each text ends in a space, so no word reaches into the next text."""
    inside = np.concatenate(([False], letters != _SPACE, [False]))
    changes = np.flatnonzero(inside[1:] != inside[:-1])
    return changes[::2], changes[1::2]


def _word_hashes(letters: NDArray[np.uint32], first: Ints, last: Ints) -> U64:
    in_words = letters[letters != _SPACE].astype(np.uint64)
    lengths = last - first
    positions = np.arange(len(in_words)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return sums_by_owner(mix(in_words + (positions.astype(np.uint64) << np.uint64(20))), lengths)


@cache
def _letter_table() -> NDArray[np.uint32]:
    """Return what each character becomes: its folded letter, a space, or nothing (marks and invisible characters)."""
    return np.array([_folded(chr(code)) for code in range(_TABLE_SIZE)], np.uint32)


def _folded(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf", "Cn"}:
        return _DROPPED
    if not character.isalnum():
        return _SPACE
    folded = fold(character)
    return ord(folded[0]) if folded else _DROPPED
