"""What an adapter is made of, as a recipe says it. Apart from `adapters`, so that reading a recipe imports no torch."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class AdapterConfig(BaseModel):
    """Low-rank adapters and where they go; a dense model's MLPs count as its experts, and it has no router."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: int = Field(
        default=16, ge=8, le=1024, multiple_of=8, description="Rank, a multiple of 8 (grouped_mm strides)"
    )
    alpha: float = Field(default=32.0, gt=0, le=4096, description="Scale: the adapter's output is times alpha / rank")
    attention: bool = Field(default=True, description="Adapt the q, k, v and o projections")
    experts: bool = Field(default=True, description="Adapt the expert projections; on a dense model, the MLP's")
    router: bool = Field(default=True, description="Adapt the routers; a dense model has none, and this says nothing")

    embeddings: bool = Field(
        default=False,
        description="Train the embeddings and the language-model head too, in full (continued pretraining)",
    )
    dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Dropout before the factors of attention, MLPs and experts; never on routers",
    )
    dora: bool = Field(
        default=False,
        description="Weight-decomposed adapters (DoRA) on attention and dense MLPs; not with fused experts",
    )

    @model_validator(mode="after")
    def _adapts_something(self) -> Self:
        if not (self.attention or self.experts or self.router):
            raise ValueError("nothing to train: set attention, experts or router to true")
        return self
