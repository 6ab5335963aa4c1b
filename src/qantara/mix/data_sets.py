"""One data set in one language as pieces that are drawn: shuffled anew each epoch, none twice before all had their turn.

The shuffle follows from the seed, the epoch and the record's id, so other records don't change which of two comes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qantara.mix.budget import rank
from qantara.records import Sample
from qantara.training_order import Piece, TrainingOrder, whole_pieces

Unit = Literal["tokens", "samples"]
_STEP = 0x9E3779B97F4A7C15
_WORD = 2**64 - 1


@dataclass(frozen=True, slots=True)
class DataSet:
    """The pieces of one language's part of one data set; `keys` are 64 random bits a piece, `amounts` what the ratio counts."""

    language: str
    source: str
    pieces: TrainingOrder
    keys: NDArray[np.uint64]
    amounts: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Return the amount of one epoch."""
        return int(self.amounts.sum())

    def most(self, max_epochs: float) -> int:
        """Return the amount of `max_epochs` epochs; of a part of an epoch, that of the pieces that fit whole."""
        number = int(max_epochs)
        ends = np.cumsum(self.amounts[self._epoch(number)])
        part = int((Fraction(str(max_epochs)) - number) * self.size)
        fitting = int(np.searchsorted(ends, part, side="right"))
        return number * self.size + (int(ends[fitting - 1]) if fitting else 0)

    def drawn(self, amount: int, most: int) -> NDArray[np.int64]:
        """Return places of pieces in the order they are drawn in: at least `amount` of them, but no more than `most`."""
        number = -(-min(amount, most) // self.size)
        places = np.concatenate([self._epoch(epoch) for epoch in range(number)] or [np.empty(0, dtype=np.int64)])
        fitting = np.searchsorted(np.cumsum(self.amounts[places]), most, side="right")
        return places[:fitting]

    def _epoch(self, epoch: int) -> NDArray[np.int64]:
        return np.argsort(_random_bits(self.keys, epoch), kind="stable")


def data_sets_of(
    samples: Sequence[Sample], places: Sequence[int], max_tokens: int, unit: Unit, seed: int
) -> list[DataSet]:
    """Return the data sets that the samples at `places` make, by language and name; longer samples are cut into even pieces."""
    found: dict[tuple[str, str], list[int]] = {}
    for place in places:
        found.setdefault((samples[place].language, samples[place].source), []).append(place)
    made = []
    for (language, source), members in sorted(found.items()):
        pieces = TrainingOrder.of(_pieces(samples, members, max_tokens))
        made.append(DataSet(language, source, pieces, _keys(samples, pieces, seed), amounts_of(pieces, unit)))
    return made


def amounts_of(pieces: TrainingOrder, unit: Unit) -> NDArray[np.int64]:
    """Return what the ratio counts of each piece: its tokens, or one."""
    return pieces.num_tokens.astype(np.int64) if unit == "tokens" else np.ones(len(pieces), dtype=np.int64)


def _pieces(samples: Sequence[Sample], places: Sequence[int], max_tokens: int) -> list[Piece]:
    return [piece for place in places for piece in whole_pieces(place, len(samples[place].input_ids), max_tokens)]


def _keys(samples: Sequence[Sample], pieces: TrainingOrder, seed: int) -> NDArray[np.uint64]:
    """Return random bits by record and by where in it a piece starts: pieces of one record are shuffled too."""
    ranks = {place: rank(samples[place].example_id, seed) for place in np.unique(pieces.samples).tolist()}
    of_records = np.fromiter((ranks[place] for place in pieces.samples.tolist()), dtype=np.uint64, count=len(pieces))
    return _random_bits(of_records + pieces.starts.astype(np.uint64), 0)


def _random_bits(states: NDArray[np.uint64], index: int) -> NDArray[np.uint64]:
    """Return number `index` that SplitMix64 gives from each state (Steele, Lea and Flood, OOPSLA 2014)."""
    bits = states + np.uint64((index + 1) * _STEP & _WORD)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(bits ^ (bits >> np.uint64(31)), dtype=np.uint64)
