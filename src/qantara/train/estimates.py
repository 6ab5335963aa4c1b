"""What a training run takes on a card: parameters, memory by part, tokens a second, from an architecture's sizes alone.

Counts are exact and bytes near it. Speed is an estimate: two operations a weight, token and pass (forward, gradients of inputs,
with checkpointing one forward more) at a share of the card's peak, plus the traffic of dequantizing and updating. Not covered:
memory while a checkpoint loads, traffic between cards, and what would make a run fit (`planning`).
"""

from dataclasses import dataclass
from typing import Literal

import torch

from qantara.models.adapters import Group
from qantara.models.cards import CPU, Card
from qantara.models.loading import fastest_dtype
from qantara.models.sizes import (
    FP32_BYTES,
    Sizes,
    activation_bytes,
    dequantized_bytes,
    stored_bytes,
)
from qantara.train.stage import TrainConfig

USABLE_SHARE = 0.94  # of a card's memory; the rest is the driver's, and lost between blocks
OPTIMIZER_BYTES: dict[Literal["adamw", "adamw_8bit"], float] = {
    "adamw": 8.0,  # two fp32 numbers
    "adamw_8bit": 2 + 2 * FP32_BYTES / 256,  # two bytes, and an fp32 scale for 256 of each (bitsandbytes)
}
_UPDATE_BYTES = 28  # AdamW in fp32 reads weight, gradient and both states, and writes all but the gradient
BANDWIDTH_SHARE = 0.8  # of what the data sheet says


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run takes on one of `num_cards` equal cards; `memory` is bytes by part, and `tokens_a_second` is of all cards."""

    card: Card
    num_cards: int
    memory: dict[str, int]
    tokens_a_second: float
    num_tokens: int | None

    @property
    def needed_bytes(self) -> int:
        """Bytes on every card."""
        return sum(self.memory.values())

    @property
    def usable_bytes(self) -> int:
        """Bytes of a card that a run can use."""
        return int(self.card.memory_gibibytes * (1 << 30) * USABLE_SHARE)

    @property
    def fits(self) -> bool:
        """Whether a card has what is needed."""
        return self.needed_bytes <= self.usable_bytes

    @property
    def seconds(self) -> float | None:
        """How long `num_tokens` take; None if they aren't known."""
        return None if self.num_tokens is None else self.num_tokens / self.tokens_a_second


def estimate(
    config: TrainConfig,
    sizes: Sizes,
    trainable: dict[Group, int],
    num_tokens: int | None,
    card: Card,
    num_cards: int = 1,
) -> Estimate:
    """Return what a run takes; `trainable` are the numbers that its adapters train, `num_tokens` those of the mix."""
    if num_tokens is not None and config.max_steps is not None:
        num_tokens = min(num_tokens, config.max_steps * config.batch_tokens)
    return Estimate(
        card=card,
        num_cards=num_cards,
        memory=_memory(config, sizes, trainable, compute_bytes(config, card), num_cards),
        tokens_a_second=_tokens_a_second(config, sizes, trainable, card, num_cards),
        num_tokens=num_tokens,
    )


def compute_bytes(config: TrainConfig, card: Card) -> int:
    """Return the bytes of a number that the model computes in; on accelerators "auto" is bf16."""
    if config.dtype == "auto":
        wants_fp32 = card.name == CPU and fastest_dtype(torch.device("cpu")) == torch.float32
        return 4 if wants_fp32 else 2
    return 4 if config.dtype == "float32" else 2


def _memory(
    config: TrainConfig, sizes: Sizes, trainable: dict[Group, int], wide: int, num_cards: int
) -> dict[str, int]:
    num_trainable = sum(trainable.values())
    nf4 = config.quantization == "nf4"
    weights = stored_bytes(sizes, nf4=nf4, wide=wide)
    states = {
        "adapters": num_trainable * FP32_BYTES,
        "gradients": num_trainable * FP32_BYTES,
        "optimizer": int(num_trainable * OPTIMIZER_BYTES[config.optimizer]),
    }
    parts = {f"weights: {kind}": count for kind, count in weights.items()} | states
    if config.processes == "fsdp" and num_cards > 1:
        parts = _shared_out(parts, len(sizes.layers), num_cards, whole="weights: linear layers" if nf4 else "")
    tokens, checkpointing = config.micro_batch_tokens, config.gradient_checkpointing
    # logits: what the loss keeps and its gradient in fp32, and what the head gave where that is not fp32
    a_row = sizes.vocabulary * (2 * FP32_BYTES + (wide if wide < FP32_BYTES else 0))
    return parts | {
        "dequantized weights": dequantized_bytes(sizes, wide, config.transient_mebibytes << 20) if nf4 else 0,
        "activations": _factor_copies(config, sizes, trainable, wide)
        + tokens * activation_bytes(sizes, wide=wide, rank=config.adapter.rank, checkpointing=checkpointing),
        "logits": tokens * a_row,
    }


def _factor_copies(config: TrainConfig, sizes: Sizes, trainable: dict[Group, int], wide: int) -> int:
    """Return the bytes of the experts' factors in the compute dtype, which backward uses again."""
    if wide == FP32_BYTES:
        return 0
    return trainable.get("experts", 0) * wide // (len(sizes.layers) if config.gradient_checkpointing else 1)


def _shared_out(parts: dict[str, int], num_layers: int, num_cards: int, whole: str) -> dict[str, int]:
    """Return one card's share of what FSDP shares out, and the layer that it has collected; `whole` is a part that stays whole."""
    shared = {part: count if part == whole else -(-count // num_cards) for part, count in parts.items()}
    in_layers = ("weights: experts", "weights: linear layers", "weights: routers", "adapters")
    collected = sum(parts.get(part, 0) for part in in_layers if part != whole) // num_layers
    return shared | {"collected layer": collected}


def _tokens_a_second(
    config: TrainConfig, sizes: Sizes, trainable: dict[Group, int], card: Card, num_cards: int
) -> float:
    wide = compute_bytes(config, card)
    peak = (card.fp32_teraflops if wide == FP32_BYTES else card.bf16_teraflops) * 1e12
    plain, grouped = _products(config, sizes, trainable)
    bandwidth = card.terabytes_a_second * 1e12 * BANDWIDTH_SHARE
    num_packed = sizes.stored.get("experts", 0) + sizes.stored["linear layers"]
    dequantized = _passes(config) * num_packed * (0.5 + wide) if config.quantization == "nf4" else 0
    # cards that get no micro-batch of a step wait for the others
    busy = min(num_cards, max(1, config.batch_tokens // config.micro_batch_tokens))
    seconds = plain / (peak * card.dense_share) + grouped / (peak * card.grouped_share)
    seconds += dequantized / bandwidth / config.micro_batch_tokens
    seconds += sum(trainable.values()) * _UPDATE_BYTES / bandwidth / (config.batch_tokens / busy)
    return busy / seconds


def _passes(config: TrainConfig) -> int:
    return 3 if config.gradient_checkpointing else 2


def _products(config: TrainConfig, sizes: Sizes, trainable: dict[Group, int]) -> tuple[float, float]:
    """Return the floating-point operations a token in plain and in grouped products."""
    passes = _passes(config)
    experts = next((layer.experts for layer in sizes.layers if layer.experts), None)
    chosen = experts.top_k / experts.number if experts else 0.0
    of_experts = trainable.get("experts", 0) * chosen
    of_others = sum(count for group, count in trainable.items() if group not in {"experts", "embeddings"})
    queries = sum(each.outputs for layer in sizes.layers for each in layer.linears if each.name == "q_proj")
    attention = 2 * config.max_tokens * queries * (passes + 1.5)  # causal: half; backward takes 2.5 times forward
    plain = 2 * passes * (sizes.multiplied - sizes.multiplied_experts) + 2 * (passes + 1) * of_others + attention
    plain += 2 * sizes.vocabulary * sizes.hidden * ("embeddings" in trainable)
    return plain, 2 * passes * sizes.multiplied_experts + 2 * (passes + 1) * of_experts
