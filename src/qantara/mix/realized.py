"""What an order holds: tokens, learnt tokens, samples and epochs by data set, and the ratio all along the way.

Reads samples and the order drawn over them; writes rows for the summary, the card and the report. Decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qantara.mix.data_sets import DataSet
from qantara.records import Sample
from qantara.training_order import TrainingOrder

_FOLDS = ("train", "validation")
_STRIDE = 1000
_MOST_ROWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceUse:
    """One language's part of one data set as it is trained on: `available_tokens` once through, all else with repeats.

    `samples` are different ones; `learnt_tokens` those that a loss is taken of; `epochs` are tokens over available ones.
    """

    language: str
    source: str
    available_tokens: int
    tokens: int
    learnt_tokens: int
    pieces: int
    samples: int
    epochs: float


def source_uses(data_sets: Sequence[DataSet], samples: Sequence[Sample], order: TrainingOrder) -> list[SourceUse]:
    """Return how much of each data set is in the order, in the order of the data sets; unused ones too."""
    members = _members(data_sets, len(samples))[order.samples]
    learnt = np.fromiter(_learnt(samples, order), dtype=np.int64, count=len(order))
    uses = []
    for i, data_set in enumerate(data_sets):
        own = members == i
        tokens = int(order.num_tokens[own].sum(dtype=np.int64))
        available = int(data_set.pieces.num_tokens.sum(dtype=np.int64))
        uses.append(
            SourceUse(
                language=data_set.language,
                source=data_set.source,
                available_tokens=available,
                tokens=tokens,
                learnt_tokens=int(learnt[own].sum()),
                pieces=int(own.sum()),
                samples=len(np.unique(order.samples[own])),
                epochs=round(tokens / available, 4),
            )
        )
    return uses


def kept_totals(samples: Sequence[Sample], languages: Sequence[str], *, tokens: bool) -> dict[str, dict[str, int]]:
    """Return the tokens, or the number, of samples by fold and language, each sample once."""
    totals = {fold: dict.fromkeys(languages, 0) for fold in _FOLDS}
    for sample in samples:
        totals[sample.fold][sample.language] += len(sample.input_ids) if tokens else 1
    return totals


def source_totals(samples: Sequence[Sample]) -> dict[str, dict[str, dict[str, int]]]:
    """Return tokens and number of samples by fold and data set, each sample once."""
    totals: dict[str, dict[str, dict[str, int]]] = {fold: {} for fold in _FOLDS}
    for sample in samples:
        row = totals[sample.fold].setdefault(sample.source, {"tokens": 0, "samples": 0})
        row["tokens"] += len(sample.input_ids)
        row["samples"] += 1
    return totals


def ratio_rows(
    languages: Sequence[str], samples: Sequence[Sample], order: TrainingOrder
) -> list[dict[str, int | dict[str, int]]]:
    """Return tokens and pieces so far by language after each thousand pieces (or some thousands: at most 100 rows) and at last."""
    spoken = np.array([samples[place].language for place in order.samples.tolist()], dtype=np.str_)
    stride = _STRIDE * max(1, -(-len(order) // (_STRIDE * _MOST_ROWS)))
    ends = np.unique(np.minimum(np.arange(stride, len(order) + stride, stride), len(order)))
    tokens = {code: np.cumsum(np.where(spoken == code, order.num_tokens, 0), dtype=np.int64) for code in languages}
    pieces = {code: np.cumsum(spoken == code) for code in languages}
    return [
        {
            "after_pieces": int(end),
            "tokens": {code: int(sums[end - 1]) for code, sums in tokens.items()},
            "pieces": {code: int(sums[end - 1]) for code, sums in pieces.items()},
        }
        for end in ends
    ]


def _members(data_sets: Sequence[DataSet], num_samples: int) -> NDArray[np.int64]:
    """Return for each sample's place which data set it is of (-1: none)."""
    members = np.full(num_samples, -1, dtype=np.int64)
    for i, data_set in enumerate(data_sets):
        members[data_set.pieces.samples] = i
    return members


def _learnt(samples: Sequence[Sample], order: TrainingOrder) -> list[int]:
    """The first token of a piece has nothing before it that could predict it, so it is never learnt."""
    return [samples[place].loss_mask[start + 1 : start + number].count(True) for place, start, number in order]
