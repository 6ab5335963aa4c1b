"""Samples and the order of their pieces -> the batches of every optimizer step, packed without padding.

A batch is one row of pieces end to end; positions that begin again at 0 tell the model where a piece starts, so none sees another.
What is learnt and in which order `mix` has decided: here pieces only fill steps (in order) and micro-batches (best fit within a
step), the same however many processes share them. A piece that is too long, or in which nothing is learnt, is left out and counted.
"""

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qantara.errors import DataError
from qantara.records import Sample
from qantara.train.sample_columns import SampleColumns, columns_of
from qantara.train.stage import Schedule
from qantara.training_order import Piece, TrainingOrder, whole_pieces

MicroBatches = tuple[tuple[Piece, ...], ...]
_LEAST_STEPS = 2  # a low-rank A gets its first gradient at step 2, when B is no longer zero


@dataclass(frozen=True, slots=True)
class TrainingData:
    """`order` holds the pieces that are trained on: those of step s from `bounds[s]` to `bounds[s + 1]`.

    `validation` holds the micro-batches of the validation fold, the same at every validation.
    """

    samples: SampleColumns
    order: TrainingOrder
    bounds: NDArray[np.int64]
    micro_batch_tokens: int
    validation: MicroBatches
    num_too_long: int
    num_nothing_learnt: int

    @property
    def num_steps(self) -> int:
        """Optimizer steps."""
        return len(self.bounds) - 1

    def micro_batches(self, step: int) -> MicroBatches:
        """Return the micro-batches of step `step` (from 0)."""
        pieces = slice(int(self.bounds[step]), int(self.bounds[step + 1]))
        order = self.order
        of_step = TrainingOrder(order.samples[pieces], order.starts[pieces], order.num_tokens[pieces])
        return _best_fit(of_step, self.micro_batch_tokens)


@dataclass(frozen=True, slots=True)
class Batch:
    """One packed row. `rows[i]` is the position whose logits predict `targets[i]`, in a text of `languages[i]` and `sources[i]`.

    `groups` (1, tokens) tells the language of every position. Languages and sources are places in the names of SampleColumns.
    """

    input_ids: Tensor
    position_ids: Tensor
    groups: Tensor
    rows: Tensor
    targets: Tensor
    languages: NDArray[np.int64]
    sources: NDArray[np.int64]
    lengths: tuple[int, ...]

    @property
    def num_tokens(self) -> int:
        """Tokens of the row."""
        return int(self.input_ids.shape[1])


def prepare(samples: Iterable[Sample], order: TrainingOrder, config: Schedule) -> TrainingData:
    """Return what every step trains on; DataError if that is nothing, too little for two steps, or of other samples."""
    columns = columns_of(samples)
    if len(order) and not _names_training_samples(order, columns):
        raise DataError("the training order is not of these samples: run the mix stage again (--from mix)")
    too_long = order.num_tokens > config.max_tokens
    silent = columns.num_learnt(order) == 0
    kept = _where(order, ~too_long & ~silent)
    if not len(kept):
        raise DataError(
            f"nothing to train on is left of {len(order)} pieces: {int(too_long.sum())} are over {config.max_tokens} tokens "
            "(train.max_tokens), and in the rest nothing is learnt"
        )
    bounds = _step_bounds(kept.num_tokens, config.batch_tokens)[
        : None if config.max_steps is None else config.max_steps + 1
    ]
    if len(bounds) <= _LEAST_STEPS:
        raise DataError("the training samples fill one step, and adapters need two: lower train.batch_tokens")
    held_out = TrainingOrder.of(_held_out(columns, config))
    validation = _best_fit(_where(held_out, columns.num_learnt(held_out) > 0), config.micro_batch_tokens)
    used = _where(kept, np.arange(len(kept)) < bounds[-1])
    return TrainingData(
        columns,
        used,
        bounds,
        config.micro_batch_tokens,
        validation,
        int(too_long.sum()),
        int((silent & ~too_long).sum()),
    )


def pack(samples: SampleColumns, pieces: Sequence[Piece]) -> Batch:
    """Return pieces as one row; the first token of a piece is never a target, for nothing precedes it."""
    begins = [int(samples.offsets[piece.sample]) + piece.start for piece in pieces]
    lengths = np.array([piece.num_tokens for piece in pieces])
    places = np.concatenate([np.arange(begin, begin + n) for begin, n in zip(begins, lengths, strict=True)])
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    learnt = samples.learnt[places]
    learnt[first] = False
    rows = np.flatnonzero(learnt) - 1
    tokens = samples.tokens[places].astype(np.int64)
    owners = np.repeat([piece.sample for piece in pieces], lengths)
    languages, sources = samples.languages[owners], samples.sources[owners]
    return Batch(
        input_ids=torch.from_numpy(tokens)[None],
        position_ids=torch.from_numpy(np.arange(len(places)) - np.repeat(first, lengths))[None],
        groups=torch.from_numpy(languages)[None],
        rows=torch.from_numpy(rows),
        targets=torch.from_numpy(tokens[rows + 1]),
        languages=languages[rows],
        sources=sources[rows],
        lengths=tuple(lengths.tolist()),
    )


def _names_training_samples(order: TrainingOrder, columns: SampleColumns) -> bool:
    if order.samples.min() < 0 or order.samples.max() >= len(columns) or order.starts.min() < 0:
        return False
    fits = order.starts + order.num_tokens <= columns.lengths[order.samples]
    return bool((fits & (order.num_tokens > 0) & columns.trained[order.samples]).all())


def _where(order: TrainingOrder, kept: NDArray[np.bool_]) -> TrainingOrder:
    return TrainingOrder(order.samples[kept], order.starts[kept], order.num_tokens[kept])


def _step_bounds(num_tokens: NDArray[np.int32], most_tokens: int) -> NDArray[np.int64]:
    """Return where steps begin, and the end: a step closes when the next piece doesn't fit."""
    ends = np.cumsum(num_tokens, dtype=np.int64)
    bounds = [0]
    while bounds[-1] < len(num_tokens):
        before = int(ends[bounds[-1] - 1]) if bounds[-1] else 0
        bounds.append(int(np.searchsorted(ends, before + most_tokens, side="right")))
    return np.array(bounds)


def _held_out(columns: SampleColumns, config: Schedule) -> list[Piece]:
    """Return the pieces that are validated on: of each language, by id, what fits `validation_tokens` (at least one piece)."""
    room = dict.fromkeys(range(len(columns.language_names)), config.validation_tokens)
    begun: set[int] = set()
    pieces = []
    for place in columns.validation:
        language = int(columns.languages[place])
        for piece in whole_pieces(place, int(columns.lengths[place]), config.max_tokens):
            if language in begun and piece.num_tokens > room[language]:
                room[language] = 0  # what comes later would not be the same set at another limit
                break
            begun.add(language)
            room[language] -= piece.num_tokens
            pieces.append(piece)
    return pieces


def _best_fit(order: TrainingOrder, most_tokens: int) -> MicroBatches:
    """Return pieces in groups of at most `most_tokens`: the longest first, each into the fullest group that has room."""
    rooms: list[tuple[int, int]] = []  # (room, number of the group), sorted
    groups: list[list[Piece]] = []
    for piece in sorted(order, key=_longest_first):
        place = bisect.bisect_left(rooms, (piece.num_tokens, 0))
        if place == len(rooms):
            groups.append([])
            room, number = most_tokens, len(groups) - 1
        else:
            room, number = rooms.pop(place)
        groups[number].append(piece)
        bisect.insort(rooms, (room - piece.num_tokens, number))
    return tuple(tuple(group) for group in groups)


def _longest_first(piece: Piece) -> tuple[Any, ...]:
    return (-piece.num_tokens, piece.sample, piece.start)
