"""The optimizer of a run and its learning rates: routers at their own peak, one schedule for all."""

import math
from typing import Any

import torch
from bitsandbytes.optim.adamw import AdamW8bit
from torch import nn

from qantara.errors import ModelError
from qantara.models.adapters import group_of
from qantara.train.audit import trainable
from qantara.train.stage import Schedule


def optimizer_of(model: nn.Module, config: Schedule, *, shared_out: bool = False) -> torch.optim.Optimizer:
    """Return AdamW over the tensors that train; `shared_out` tells that processes hold shares of them (FSDP)."""
    routers = [tensor for name, tensor in trainable(model) if group_of(name) == "router"]
    others = [tensor for name, tensor in trainable(model) if group_of(name) != "router"]
    groups: list[dict[str, Any]] = [
        {"params": others, "peak": config.learning_rate},
        {"params": routers, "peak": config.router_learning_rate},
    ]
    kept = [group for group in groups if group["params"]]
    if config.optimizer == "adamw":
        return torch.optim.AdamW(kept, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
    if shared_out:
        raise ModelError("8-bit AdamW can't update tensors that processes share out: set train.optimizer to adamw")
    return AdamW8bit(kept, lr=config.learning_rate, weight_decay=config.weight_decay)  # type: ignore[no-untyped-call]


def set_learning_rates(optimizer: torch.optim.Optimizer, steps_done: int, num_steps: int, config: Schedule) -> None:
    """Set every group's learning rate for the next step."""
    share = share_of_peak(steps_done, num_steps, config)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * share


def share_of_peak(steps_done: int, num_steps: int, config: Schedule) -> float:
    """Return the share of the peak learning rate for the next step: linear warmup, then a cosine that ends just above 0."""
    warmup = min(config.warmup_steps, num_steps - 1)
    if steps_done < warmup:
        return (steps_done + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (steps_done - warmup) / (num_steps - warmup)))
