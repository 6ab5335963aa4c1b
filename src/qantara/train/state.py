"""What a training run carries from step to step."""

import time
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from peft import PeftModel

from qantara.models.adapters import group_of
from qantara.models.packed_attention import IMPLEMENTATION as PACKED
from qantara.records import LossPoint
from qantara.train.audit import digests, trainable
from qantara.train.stage import TrainConfig


@dataclass(kw_only=True)
class TrainingState:
    """`initial` holds the adapters' hashes before any step; `trained_tokens` and `trained_seconds` are of this process alone."""

    model: PeftModel
    config: TrainConfig
    optimizer: torch.optim.Optimizer
    initial: dict[str, bytes]
    step: int = 0
    points: list[LossPoint] = field(default_factory=list)
    trained_tokens: int = 0
    trained_seconds: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    @classmethod
    def start(cls, model: PeftModel, config: TrainConfig) -> Self:
        """Return the state before the first step; from here on the model takes packed rows only."""
        base: Any = model.get_base_model()
        base.set_attn_implementation(PACKED)
        if config.gradient_checkpointing:
            base.activation_checkpointing_enable({"use_reentrant": False})
        return cls(model=model, config=config, optimizer=_optimizer(model, config), initial=digests(model))


def _optimizer(model: PeftModel, config: TrainConfig) -> torch.optim.Optimizer:
    routers = [tensor for name, tensor in trainable(model) if group_of(name) == "router"]
    others = [tensor for name, tensor in trainable(model) if group_of(name) != "router"]
    groups = [
        {"params": others, "peak": config.learning_rate},
        {"params": routers, "peak": config.router_learning_rate},
    ]
    kept = [group for group in groups if group["params"]]
    return torch.optim.AdamW(kept, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
