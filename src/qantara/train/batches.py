"""Samples -> the batches of every optimizer step, packed without padding, the same for the same seed.

A batch is one row of whole samples end to end; positions that begin again at 0 tell the model where a sample starts, so none sees
another. A sample is never cut: one that is too long, or in which nothing is learnt, is left out and counted.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from qantara.errors import DataError
from qantara.records import Sample
from qantara.train.stage import TrainConfig

Plan = tuple[tuple[tuple[Sample, ...], ...], ...]
_LEAST_STEPS = 2  # a low-rank A gets its first gradient at step 2, when B is no longer zero


@dataclass(frozen=True, slots=True)
class TrainingData:
    """`plan` holds, for every step, its micro-batches of samples; `validation` the micro-batches of the validation fold."""

    plan: Plan
    validation: tuple[tuple[Sample, ...], ...]
    num_too_long: int
    num_nothing_learnt: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One packed row. `rows[i]` is the position whose logits predict `targets[i]`, of a sample in `languages[i]`."""

    input_ids: Tensor
    position_ids: Tensor
    rows: Tensor
    targets: Tensor
    languages: tuple[str, ...]
    lengths: tuple[int, ...]

    @property
    def num_tokens(self) -> int:
        """Tokens of the row."""
        return int(self.input_ids.shape[1])


def prepare(samples: Sequence[Sample], config: TrainConfig, seed: int) -> TrainingData:
    """Return what every step trains on; DataError if that is nothing, or too little for two steps."""
    short = [sample for sample in samples if len(sample.input_ids) <= config.max_tokens]
    usable = [sample for sample in short if any(sample.loss_mask[1:])]
    trained = [sample for sample in usable if sample.fold == "train"]
    if not trained:
        raise DataError(
            f"no training sample is left of {len(samples)}: {len(samples) - len(short)} are over {config.max_tokens} tokens "
            "(train.max_tokens) and the rest is of another fold or has nothing to learn"
        )
    plan = _plan(trained, config, seed)
    if len(plan) < _LEAST_STEPS:
        raise DataError("the training samples fill one step, and adapters need two: lower train.batch_tokens")
    held_out = sorted(
        (sample for sample in usable if sample.fold == "validation"), key=lambda sample: sample.example_id
    )
    validation = _filled(held_out, config.micro_batch_tokens)
    return TrainingData(plan, validation, len(samples) - len(short), len(short) - len(usable))


def pack(samples: Sequence[Sample]) -> Batch:
    """Return samples as one row; the first token of a sample is never a target, for nothing precedes it."""
    rows: list[int] = []
    targets: list[int] = []
    languages: list[str] = []
    start = 0
    for sample in samples:
        for i in range(1, len(sample.input_ids)):
            if sample.loss_mask[i]:
                rows.append(start + i - 1)
                targets.append(sample.input_ids[i])
                languages.append(sample.language)
        start += len(sample.input_ids)
    tokens = [token for sample in samples for token in sample.input_ids]
    positions = [i for sample in samples for i in range(len(sample.input_ids))]
    return Batch(
        torch.tensor([tokens]),
        torch.tensor([positions]),
        torch.tensor(rows),
        torch.tensor(targets),
        tuple(languages),
        tuple(len(sample.input_ids) for sample in samples),
    )


def num_tokens(samples: Iterable[Sample]) -> int:
    """Return how many tokens samples have together."""
    return sum(len(sample.input_ids) for sample in samples)


def _plan(samples: Sequence[Sample], config: TrainConfig, seed: int) -> Plan:
    wanted = config.epochs * num_tokens(samples)
    steps: list[tuple[tuple[Sample, ...], ...]] = []
    planned = epoch = 0
    while True:
        for members in _filled(_shuffled(samples, seed, epoch), config.batch_tokens):
            if len(steps) == config.max_steps or (config.max_steps is None and planned >= wanted):
                return tuple(steps)
            # Within a step the order is free: like lengths together waste no room at the end of a micro-batch.
            longest_first = sorted(members, key=lambda sample: (-len(sample.input_ids), sample.example_id))
            steps.append(_filled(longest_first, config.micro_batch_tokens))
            planned += num_tokens(members)
        epoch += 1


def _shuffled(samples: Sequence[Sample], seed: int, epoch: int) -> list[Sample]:
    order = sorted(samples, key=lambda sample: sample.example_id)
    random.Random(f"{seed}/{epoch}").shuffle(order)
    return order


def _filled(samples: Sequence[Sample], most_tokens: int) -> tuple[tuple[Sample, ...], ...]:
    """Return samples in order, in groups of at most `most_tokens` tokens."""
    groups: list[tuple[Sample, ...]] = []
    group: list[Sample] = []
    room = most_tokens
    for sample in samples:
        if group and len(sample.input_ids) > room:
            groups.append(tuple(group))
            group, room = [], most_tokens
        group.append(sample)
        room -= len(sample.input_ids)
    if group:
        groups.append(tuple(group))
    return tuple(groups)
