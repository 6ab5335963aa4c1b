"""What a training run carries from step to step."""

import time
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from peft import PeftModel
from torch import nn

from qantara.models.layouts import has_experts
from qantara.models.packed_attention import IMPLEMENTATION as PACKED
from qantara.records import LossPoint
from qantara.train.audit import Audit
from qantara.train.batches import TrainingData
from qantara.train.optimizer import optimizer_of
from qantara.train.processes import Processes
from qantara.train.routing import Routing
from qantara.train.stage import TrainConfig


@dataclass(kw_only=True)
class TrainingState:
    """`forward` is what is called in place of `model`; `trained_tokens` and `trained_seconds` are since this start alone."""

    model: PeftModel
    forward: nn.Module
    config: TrainConfig
    data: TrainingData
    processes: Processes
    optimizer: torch.optim.Optimizer
    audit: Audit
    routing: Routing
    seed: int
    mixture: bool
    step: int = 0
    points: list[LossPoint] = field(default_factory=list)
    trained_tokens: int = 0
    trained_seconds: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    @classmethod
    def start(
        cls,
        model: PeftModel,
        config: TrainConfig,
        data: TrainingData,
        seed: int = 0,
        processes: Processes | None = None,
    ) -> Self:
        """Return the state before the first step; from here on the model takes packed rows only."""
        processes = processes or Processes()
        base: Any = model.get_base_model()
        base.set_attn_implementation(PACKED)
        if config.gradient_checkpointing:
            base.activation_checkpointing_enable({"use_reentrant": False})
        mixture = has_experts(model)
        forward = processes.spread(model)
        return cls(
            model=model,
            forward=forward,
            config=config,
            data=data,
            processes=processes,
            optimizer=optimizer_of(model, config, shared_out=processes.kind == "fsdp"),
            audit=Audit.start(model, config.adapter, mixture=mixture),
            routing=Routing(model, data.samples.language_names),
            seed=seed,
            mixture=mixture,
        )
