"""The training loop: for every step its micro-batches forward and back, audit, clip, update, and what it lost by language.

The language-model head runs on learnt positions only. Losses are summed over a step's learnt tokens and divided once, so that every
token weighs the same however it was packed and shared out. Dropout follows from seed, step and place of the micro-batch: a run
that goes on, or runs in more processes, draws the same.
"""

import logging
import math
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from qantara.errors import ModelError
from qantara.models.token_losses import forward_with_losses
from qantara.records import LossPoint, content_id
from qantara.train.audit import groups_without_finite_gradients, trainable
from qantara.train.batches import Batch, pack
from qantara.train.checkpoint import save
from qantara.train.losses import LossSums
from qantara.train.optimizer import set_learning_rates
from qantara.train.processes import whole
from qantara.train.ratio import EVERY_STEPS, ratio_rows
from qantara.train.state import TrainingState

_LOG = logging.getLogger(__name__)


class Loss(NamedTuple):
    """`tokens` are the losses of a batch's learnt tokens in nats; `balance` is the routers' loss (0 on a dense model)."""

    tokens: Tensor
    balance: Tensor


def run(state: TrainingState, folder: Path, key: str) -> Generator[LossPoint, None, None]:
    """Train from `state.step` to the end of the data, yield losses, and leave a checkpoint of the end in `folder`."""
    config, last = state.config, state.data.num_steps
    if state.step == 0:
        yield from _record(state, validate(state))
    while state.step < last:
        started = time.perf_counter()
        sums = train_step(state)
        state.trained_seconds += time.perf_counter() - started
        yield from _record(state, sums.points(state.step, "train"))
        if state.step % config.evaluate_every_steps == 0 or state.step == last:
            state.routing.tell(state.step, state.processes)
            yield from _record(state, validate(state))
        if state.step % EVERY_STEPS == 0:
            _tell_ratio(state)
        if state.step % config.checkpoint_every_steps == 0 or state.step == last:
            save(state, folder, key)


def train_step(state: TrainingState) -> LossSums:
    """Do one optimizer step and return its losses (before the update); `state.step` counts it.

    Raises ModelError for gradients that are not finite and, until the audit is passed, for tensors that don't train.
    """
    sums = LossSums(state.data.samples)
    batches = [pack(state.data.samples, pieces) for pieces in state.data.micro_batches(state.step)]
    state.model.train()
    _backward(state, batches, sums)
    sums.add_up(state.processes)
    if state.audit.counts is None:
        state.audit.check_gradients(state.model, state.processes)
    tensors = [tensor for _, tensor in trainable(state.model)]
    norm = whole(torch.nn.utils.clip_grad_norm_(tensors, state.config.clip_norm))
    if not math.isfinite(float(norm)):
        broken = ", ".join(groups_without_finite_gradients(state.model, state.processes)) or "all together"
        raise ModelError(
            f"training diverged at step {state.step + 1} (gradients of {broken}): lower train.learning_rate"
        )
    set_learning_rates(state.optimizer, state.step, state.data.num_steps, state.config)
    state.optimizer.step()
    state.optimizer.zero_grad(set_to_none=True)
    state.step += 1
    state.trained_tokens += sum(batch.num_tokens for batch in batches)
    if state.audit.counts is None and state.step >= min(state.config.audit_step, state.data.num_steps):
        state.audit.conclude(state.model, state.processes)
    return sums


def validate(state: TrainingState) -> list[LossPoint]:
    """Return the mean losses over the validation pieces, none if there are none."""
    sums = LossSums(state.data.samples)
    state.model.eval()
    with torch.no_grad():  # inference mode would leave tensors behind that FSDP can't train with
        for _, pieces, counts in state.processes.share(state.data.validation):
            batch = pack(state.data.samples, pieces)
            loss = batch_loss(state.forward, batch, balance=False)
            if counts:
                sums.add(loss.tokens, batch)
    state.processes.settle(state.forward)
    sums.add_up(state.processes)
    return sums.points(state.step, "validation")


def batch_loss(model: nn.Module, batch: Batch, *, balance: bool) -> Loss:
    """Return the losses of a packed batch; `balance` asks for the routers' too."""
    device = next(model.parameters()).device
    tokens, output = forward_with_losses(
        model,
        batch.targets.to(device),
        input_ids=batch.input_ids.to(device),
        position_ids=batch.position_ids.to(device),
        logits_to_keep=batch.rows.to(device),
        use_cache=False,
        sample_lengths=batch.lengths,
        **({"output_router_logits": True} if balance else {}),
    )
    return Loss(tokens, output.aux_loss if balance else tokens.new_zeros(()))


def _backward(state: TrainingState, batches: Sequence[Batch], sums: LossSums) -> None:
    """Run this process's micro-batches forward and back; gradients are then those of the whole step in every process."""
    processes, coefficient = state.processes, state.config.router_aux_loss_coefficient
    learnt = sum(len(batch.targets) for batch in batches)
    tokens = sum(batch.num_tokens for batch in batches)
    mine = processes.share(batches)
    with state.routing.counting() as use:
        for number, (place, batch, counts) in enumerate(mine, start=1):
            if use is not None:
                use.observe(batch.groups if counts else torch.full_like(batch.groups, -1))
            with (
                processes.backward_of(state.forward, last=number == len(mine)),
                _drawing(f"{state.seed}/{state.step}/{place}", processes.device),
            ):
                loss = batch_loss(state.forward, batch, balance=state.mixture)
                balance = loss.balance * (coefficient * batch.num_tokens / tokens)
                # Gradients are averaged over processes; the sum is wanted.
                ((loss.tokens.sum() / learnt + balance) * (processes.number * counts)).backward()
            if counts:
                sums.add(loss.tokens, batch)
                if state.mixture:
                    sums.add_balance(loss.balance, batch.num_tokens)


@contextmanager
def _drawing(seed: str, device: torch.device) -> Iterator[None]:
    """Within this, random numbers follow from `seed`; those of others go on as if nothing was drawn."""
    with torch.random.fork_rng(devices=[] if device.type == "cpu" else [device], device_type=device.type):
        torch.manual_seed(int(content_id(seed)[:15], 16))
        yield


def _tell_ratio(state: TrainingState) -> None:
    row = next(row for row in ratio_rows(state.data) if row["step"] == state.step)
    if state.processes.is_main:
        _LOG.info("step %d: tokens so far %s, samples %s", state.step, row["tokens"], row["samples"])


def _record(state: TrainingState, points: Sequence[LossPoint]) -> Sequence[LossPoint]:
    state.points.extend(points)
    return points
