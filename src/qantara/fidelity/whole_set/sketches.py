"""Sketches of texts by one-permutation MinHash over character 5-grams, and the pairs of rows whose sketches are alike (banded LSH).

A sketch is 64 numbers of 16 bits; the share of equal numbers estimates the Jaccard similarity of the 5-gram sets with a standard
error of at most 0.06 (Li, Owen, Zhang 2012). Short texts leave numbers empty, which the estimate takes into account.
Character 5-grams tell paraphrases of one leaked example (0.5 and more) from other questions (0.1) better than word n-grams do.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from qantara.fidelity.whole_set.folding import U64, Batch, Ints, mix, ngrams

SKETCH_SIZE = 64
EMPTY = np.uint16(0xFFFF)
Sketches = NDArray[np.uint16]

_SHINGLE = 5  # random English texts of 5,000 characters are then 0.14 alike, paraphrases of a leak 0.5 to 0.75
_BIN_SHIFT = np.uint64(58)  # the upper 6 of 64 bits choose the bin
_NUM_NEIGHBORS = 4
_CHUNK_ROWS = 1 << 14


def sketch(batch: Batch, owners: Ints, num_rows: int) -> Sketches:
    """Return one sketch a row; `owners` says to which row each text of the batch belongs."""
    rows = owners[batch.letter_texts]
    hashes, starts = ngrams(batch.letters.astype(np.uint64), rows, _SHINGLE)
    bins = rows[starts] * SKETCH_SIZE + (hashes >> _BIN_SHIFT).astype(np.int64)
    smallest = np.full(num_rows * SKETCH_SIZE, 0xFFFFFFFF, np.uint32)
    np.minimum.at(smallest, bins, (hashes & np.uint64(0xFFFFFFFE)).astype(np.uint32))
    low = np.minimum(smallest & np.uint32(0xFFFF), np.uint32(0xFFFE)).astype(np.uint16)
    return np.where(smallest == 0xFFFFFFFF, EMPTY, low).reshape(num_rows, SKETCH_SIZE)


def estimate(sketches: Sketches, left: Ints, right: Ints) -> NDArray[np.float32]:
    """Return the estimated Jaccard similarity, 0..1, of rows `left[i]` and `right[i]`; 0 where both are empty."""
    similarities = np.empty(len(left), np.float32)
    for start in range(0, len(left), _CHUNK_ROWS):
        piece = slice(start, start + _CHUNK_ROWS)
        one, two = sketches[left[piece]], sketches[right[piece]]
        filled = (one != EMPTY) | (two != EMPTY)
        equal = np.count_nonzero((one == two) & filled, axis=1)
        similarities[piece] = equal / np.maximum(1, np.count_nonzero(filled, axis=1))
    return similarities


def alike_rows(sketches: Sketches, rows: Ints, at_least: float) -> tuple[Ints, Ints]:
    """Return pairs of rows, left before right, whose estimated similarity is at least `at_least`; most of them, not all.

    In a band each row is compared with the next four of its bucket only, so the work grows with the rows and not with their square:
    a large group comes out connected, not complete.
    """
    found = np.zeros(0, np.uint64)
    for keys, filled in _bands(sketches, rows):
        members = rows[filled]
        order = np.argsort(keys[filled], kind="stable")
        keys_in_order, members = keys[filled][order], members[order]
        pieces = [found]
        for distance in range(1, min(_NUM_NEIGHBORS, len(members) - 1) + 1):
            same = np.flatnonzero(keys_in_order[distance:] == keys_in_order[:-distance])
            left, right = members[same], members[same + distance]
            alike = estimate(sketches, left, right) >= at_least
            pieces.append(_packed(left[alike], right[alike]))
        found = _once(np.concatenate(pieces))
    return (found >> np.uint64(32)).astype(np.int64), (found & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _once(values: U64) -> U64:
    """Return the values in order, each once; `np.unique` hashes them, which takes several times as long here."""
    in_order: U64 = np.sort(values, kind="stable")
    is_first = np.ones(len(in_order), np.bool_)
    is_first[1:] = in_order[1:] != in_order[:-1]
    return in_order[is_first]


def _packed(left: Ints, right: Ints) -> U64:
    first, second = np.minimum(left, right), np.maximum(left, right)
    return (first.astype(np.uint64) << np.uint64(32)) | second.astype(np.uint64)


def _bands(sketches: Sketches, rows: Ints) -> Iterator[tuple[U64, NDArray[np.bool_]]]:
    """Yield each band's keys and which rows have one; wider bands for larger sets, where chance meetings grow."""
    width = 2 if len(rows) < 5_000 else 3 if len(rows) < 100_000 else 4
    for start in range(0, SKETCH_SIZE - width + 1, width):
        numbers = sketches[rows, start : start + width]
        keys = np.zeros(len(rows), np.uint64)
        for column in range(width):
            keys = (keys << np.uint64(16)) | numbers[:, column]
        yield mix(keys), np.count_nonzero(numbers != EMPTY, axis=1) >= 2
