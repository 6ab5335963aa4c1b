"""Numbers of parameters, bytes and activations of an architecture, from its configuration alone: nothing is loaded.

The model is built on torch's meta device (shapes without memory) and adapters are attached there by the code that attaches them to
real ones, so that counts are exact. Bytes kept for backward follow what the layers save and are within a few percent. Not covered:
time, cards (`train.planning`).
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import Group, attach, group_of, trainable_groups
from qantara.models.layouts import EXPERTS, ROUTERS, projection_shape
from qantara.models.nf4_experts import BLOCK_SIZE, NESTED_BLOCK_SIZE

FP32_BYTES = 4
Storage = Literal["experts", "linear layers", "routers", "embeddings, head, norms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """One linear layer: its own name, part of the model, and widths."""

    name: str
    group: Group
    inputs: int
    outputs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Experts:
    """One layer's fused experts."""

    number: int
    top_k: int
    hidden: int
    intermediate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One decoder layer: linear layers, norms over hidden states, whether queries and keys have norms too, and experts."""

    linears: tuple[Linear, ...]
    num_norms: int
    has_query_norms: bool
    experts: Experts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Counts of weights: all, those that a token meets (`active`), those it is multiplied with, and by group and way of storing.

    `multiplied` leaves out the lookup of an embedding, and `multiplied_experts` is its part in experts.
    """

    model_type: str
    hidden: int
    vocabulary: int
    total: int
    active: int
    multiplied: int
    multiplied_experts: int
    groups: dict[Group, int]
    stored: dict[Storage, int]
    layers: tuple[Layer, ...]


def sizes_of(config: PreTrainedConfig) -> Sizes:
    """Return the sizes of an architecture."""
    model = _on_meta(config)
    base: Any = model.base_model
    layers = tuple(_layer(layer, config.hidden_size) for layer in base.layers)
    idle = sum(
        _expert_weights(layer.experts, layer.experts.number - layer.experts.top_k) for layer in layers if layer.experts
    )
    active_experts = sum(_expert_weights(layer.experts, layer.experts.top_k) for layer in layers if layer.experts)
    groups: Counter[Group] = Counter()
    for name, tensor in model.named_parameters():
        groups[group_of(name)] += tensor.numel()
    total = sum(groups.values())
    tied = model.get_input_embeddings().weight is _head(model).weight
    return Sizes(
        model_type=config.model_type,
        hidden=config.hidden_size,
        vocabulary=config.vocab_size,
        total=total,
        active=total - idle,
        multiplied=total - idle - (0 if tied else config.vocab_size * config.hidden_size),
        multiplied_experts=active_experts,
        groups=dict(groups),
        stored=_stored(model),
        layers=layers,
    )


def trainable_of(config: PreTrainedConfig, adapter: AdapterConfig) -> dict[Group, int]:
    """Return how many numbers an adapter trains, by part of the model; ModelError for one that the model can't have."""
    with torch.device("meta"):
        return trainable_groups(attach(_on_meta(config), adapter, 0))


def stored_bytes(sizes: Sizes, *, nf4: bool, wide: int) -> dict[Storage, int]:
    """Return the bytes of the frozen weights by way of storing; `wide` is the bytes of a number in the compute dtype."""
    result: dict[Storage, int] = {kind: count * wide for kind, count in sizes.stored.items()}
    result["routers"] = sizes.stored.get("routers", 0) * FP32_BYTES
    if nf4:
        result["linear layers"] = sum(
            nf4_bytes(linear.inputs * linear.outputs) for layer in sizes.layers for linear in layer.linears
        )
        result["experts"] = sum(_experts_in_nf4(layer.experts) for layer in sizes.layers if layer.experts)
    return {kind: count for kind, count in result.items() if count}


def nf4_bytes(num_weights: int) -> int:
    """Return the bytes of a weight in NF4 with double quantization (QLoRA, arXiv 2305.14314): 4.13 bits a number."""
    blocks = -(-num_weights // BLOCK_SIZE)
    nested = -(-blocks // NESTED_BLOCK_SIZE)
    return (num_weights + 1) // 2 + blocks + (nested + 1) * FP32_BYTES  # one more for the offset


def dequantized_bytes(sizes: Sizes, wide: int, limit: int) -> int:
    """Return the bytes of weights that are dequantized at once: the largest linear layer, or experts up to `limit` bytes."""
    linear = max((each.inputs * each.outputs for layer in sizes.layers for each in layer.linears), default=0) * wide
    gate_up = max((2 * e.intermediate * e.hidden * e.number for e in _all_experts(sizes)), default=0) * wide
    one = max((2 * e.intermediate * e.hidden for e in _all_experts(sizes)), default=0) * wide
    return max(linear, min(gate_up, max(limit, one)))


def activation_bytes(sizes: Sizes, *, wide: int, rank: int, checkpointing: bool) -> int:
    """Return the bytes a token that are held at most for backward, adapters on all layers.

    With checkpointing that is every layer's input and all of one layer. To both come gradients inside the widest layer.
    """
    kept = [_kept_bytes(layer, sizes.hidden, wide, rank) for layer in sizes.layers]
    gradients = max(_gradient_bytes(layer, sizes.hidden, wide) for layer in sizes.layers)
    if checkpointing:
        return len(kept) * sizes.hidden * wide + max(kept) + gradients
    return sum(kept) + gradients


def _on_meta(config: PreTrainedConfig) -> PreTrainedModel:
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)  # type: ignore[no-untyped-call]
    return model.requires_grad_(False)


def _head(model: PreTrainedModel) -> Any:  # noqa: ANN401 - a linear layer
    return model.get_output_embeddings()  # type: ignore[no-untyped-call]


def _layer(layer: nn.Module, hidden: int) -> Layer:
    linears, num_norms, has_query_norms, experts, top_k = [], 0, False, None, 0
    for name, module in layer.named_modules():
        if isinstance(module, nn.Linear):
            own, group = name.rpartition(".")[2], group_of(f"{name}.weight")
            linears.append(Linear(name=own, group=group, inputs=module.in_features, outputs=module.out_features))
        elif isinstance(module, ROUTERS):
            top_k = int(module.top_k)  # type: ignore[arg-type]  # untyped in transformers
        elif isinstance(module, EXPERTS):
            experts = module
        elif name.endswith("norm"):
            has_query_norms |= "self_attn" in name
            num_norms += "self_attn" not in name
    return Layer(
        linears=tuple(linears),
        num_norms=num_norms,
        has_query_norms=has_query_norms,
        experts=_experts(experts, top_k, hidden),
    )


def _experts(module: Any, top_k: int, hidden: int) -> Experts | None:  # noqa: ANN401 - one of EXPERTS, untyped
    if module is None:
        return None
    intermediate = projection_shape(module, "down_proj")[1]
    return Experts(number=int(module.num_experts), top_k=top_k, hidden=hidden, intermediate=intermediate)


def _stored(model: PreTrainedModel) -> dict[Storage, int]:
    head = _head(model)
    counts: Counter[Storage] = Counter()
    for module in model.modules():
        for name, tensor in module.named_parameters(recurse=False):
            if isinstance(module, EXPERTS):
                counts["experts"] += tensor.numel()
            elif isinstance(module, ROUTERS):
                counts["routers"] += tensor.numel()
            elif isinstance(module, nn.Linear) and module is not head and name == "weight":
                counts["linear layers"] += tensor.numel()
            elif module is not head or tensor is not model.get_input_embeddings().weight:
                counts["embeddings, head, norms"] += tensor.numel()
    return dict(counts)


def _expert_weights(experts: Experts, number: int) -> int:
    return 3 * experts.hidden * experts.intermediate * number


def _all_experts(sizes: Sizes) -> list[Experts]:
    return [layer.experts for layer in sizes.layers if layer.experts]


def _experts_in_nf4(experts: Experts) -> int:
    down = experts.hidden * experts.intermediate
    return experts.number * (nf4_bytes(2 * down) + nf4_bytes(down))


def _kept_bytes(layer: Layer, hidden: int, wide: int, rank: int) -> int:
    """Return the bytes a token that a layer saves for backward; norms and adapters keep fp32 copies of what they read.

    In fp32 such a copy is the value itself: then layers that read the same keep one. Measured against in test_sizes.
    """
    kept = FP32_BYTES * hidden * layer.num_norms
    for linear in layer.linears:
        kept += FP32_BYTES * rank
        if wide < FP32_BYTES or linear.name in {"q_proj", "o_proj", "gate_proj", "down_proj"}:
            kept += FP32_BYTES * linear.inputs
        if linear.name in {"q_proj", "k_proj", "v_proj"}:
            # rotated queries and keys, values; the attention's output is as wide as the queries
            kept += wide * linear.outputs * (2 if linear.name == "q_proj" else 1)
            kept += FP32_BYTES * linear.outputs * (layer.has_query_norms and linear.name != "v_proj")
        if linear.name == "gate_proj":
            kept += 3 * wide * linear.outputs  # gate, its activation, up
    return kept + _kept_by_experts(layer.experts, wide, rank)


def _kept_by_experts(experts: Experts | None, wide: int, rank: int) -> int:
    if experts is None:
        return 0
    of_rows = experts.top_k * (2 * experts.intermediate + 2 * rank) * wide  # gate, up, and what the A factors make
    of_router = FP32_BYTES * (rank + 3 * experts.number + (experts.hidden if wide < FP32_BYTES else 0))
    return experts.hidden * wide + of_rows + of_router


def _gradient_bytes(layer: Layer, hidden: int, wide: int) -> int:
    mlp = max((linear.outputs for linear in layer.linears if linear.group == "mlp"), default=0)
    widths = [3 * mlp + 2 * hidden]
    if layer.experts:
        widths.append(layer.experts.top_k * (4 * layer.experts.intermediate + 3 * hidden))
    return wide * max(widths)
