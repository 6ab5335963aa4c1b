"""The training loop: for every step its micro-batches forward and back, clip, update, audit, and what it lost by language.

The language-model head runs on learnt positions only. Losses are summed over a step's learnt tokens and divided once, so that every
token weighs the same however it was packed. One process; accelerate chooses the device and does backward and clipping.
"""

import math
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from peft import PeftModel
from torch import Tensor

from qantara.errors import ModelError
from qantara.models.adapters import has_experts
from qantara.records import LossPoint, Sample
from qantara.train.audit import check_gradients, expected_groups
from qantara.train.batches import Batch, TrainingData, num_tokens, pack
from qantara.train.checkpoint import save
from qantara.train.stage import TrainConfig
from qantara.train.state import TrainingState

ALL_LANGUAGES = "all"


class Loss(NamedTuple):
    """`tokens` are the losses of a batch's learnt tokens in nats; `balance` is the routers' loss (0 on a dense model)."""

    tokens: Tensor
    balance: Tensor


class LossSums:
    """Sums of token losses by language, over any number of batches."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, int]] = {}

    def add(self, losses: Tensor, languages: Sequence[str]) -> None:
        """Add the losses of learnt tokens, each of the language at its place."""
        for loss, language in zip(losses.tolist(), languages, strict=True):
            for key in (language, ALL_LANGUAGES):
                total, count = self._sums.get(key, (0.0, 0))
                self._sums[key] = (total + loss, count + 1)

    def points(self, step: int, fold: str) -> list[LossPoint]:
        """Return the mean loss of every language, and of all."""
        return [
            LossPoint(step=step, fold=fold, language=language, loss=total / count, num_tokens=count)
            for language, (total, count) in sorted(self._sums.items())
        ]


def run(state: TrainingState, data: TrainingData, folder: Path, key: str) -> Generator[LossPoint, None, None]:
    """Train from `state.step` to the end of the plan, yield losses, and leave a checkpoint of the end in `folder`."""
    config, last = state.config, len(data.plan)
    accelerator = Accelerator()
    if state.step == 0:
        yield from _record(state, validate(state.model, data.validation, step=0))
    while state.step < last:
        micro_batches = data.plan[state.step]
        started = time.perf_counter()
        sums = train_step(state, [pack(members) for members in micro_batches], last, accelerator)
        state.trained_seconds += time.perf_counter() - started
        state.trained_tokens += sum(num_tokens(members) for members in micro_batches)
        yield from _record(state, sums.points(state.step, "train"))
        if state.step % config.evaluate_every_steps == 0 or state.step == last:
            yield from _record(state, validate(state.model, data.validation, state.step))
        if state.step % config.checkpoint_every_steps == 0 or state.step == last:
            save(state, folder, key)


def train_step(state: TrainingState, batches: Sequence[Batch], num_steps: int, accelerator: Accelerator) -> LossSums:
    """Do one optimizer step and return its losses (before the update); `state.step` counts it."""
    config, sums = state.config, LossSums()
    mixture = has_experts(state.model)
    learnt = sum(len(batch.languages) for batch in batches)
    tokens = sum(batch.num_tokens for batch in batches)
    state.model.train()
    for batch in batches:
        loss = batch_loss(state.model, batch, balance=mixture)
        balance = loss.balance * (config.router_aux_loss_coefficient * batch.num_tokens / tokens)
        accelerator.backward(loss.tokens.sum() / learnt + balance)
        sums.add(loss.tokens.detach(), batch.languages)
    if state.step == 0:
        check_gradients(state.model, expected_groups(config.adapter, mixture=mixture))
    norm = accelerator.clip_grad_norm_([p for p in state.model.parameters() if p.requires_grad], config.clip_norm)
    if norm is None or not math.isfinite(float(norm)):
        raise ModelError(f"training diverged at step {state.step + 1}: lower train.learning_rate")
    for group in state.optimizer.param_groups:
        group["lr"] = group["peak"] * schedule(state.step, num_steps, config)
    state.optimizer.step()
    state.optimizer.zero_grad(set_to_none=True)
    state.step += 1
    return sums


def schedule(steps_done: int, num_steps: int, config: TrainConfig) -> float:
    """Return the share of the peak learning rate for the next step: linear warmup, then a cosine that ends just above 0."""
    warmup = min(config.warmup_steps, num_steps - 1)
    if steps_done < warmup:
        return (steps_done + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (steps_done - warmup) / (num_steps - warmup)))


def validate(model: PeftModel, batches: Sequence[Sequence[Sample]], step: int) -> list[LossPoint]:
    """Return the mean losses over the validation samples, none if there are no samples."""
    sums = LossSums()
    model.eval()
    with torch.inference_mode():
        for members in batches:
            batch = pack(members)
            sums.add(batch_loss(model, batch, balance=False).tokens, batch.languages)
    return sums.points(step, "validation")


def batch_loss(model: PeftModel, batch: Batch, *, balance: bool) -> Loss:
    """Return the losses of a packed batch; `balance` asks for the routers' too."""
    device = model.device
    output = model(
        input_ids=batch.input_ids.to(device),
        position_ids=batch.position_ids.to(device),
        logits_to_keep=batch.rows.to(device),
        use_cache=False,
        sample_lengths=batch.lengths,
        **({"output_router_logits": True} if balance else {}),
    )
    tokens = F.cross_entropy(output.logits[0].float(), batch.targets.to(device), reduction="none")
    return Loss(tokens, output.aux_loss if balance else tokens.new_zeros(()))


def _record(state: TrainingState, points: Sequence[LossPoint]) -> Sequence[LossPoint]:
    state.points.extend(points)
    return points
