"""The Mixture-of-Experts layouts that are known: which modules hold fused experts and which are routers.

All four hold their experts alike: `gate_up_proj` (experts, 2 x intermediate, hidden) and `down_proj` (experts, hidden,
intermediate), gated by SiLU, without biases; and a router whose forward returns (logits, weights, indices) of its top experts.
"""

from collections.abc import Iterator
from typing import Any

from torch import nn
from transformers.models.mixtral.modeling_mixtral import MixtralExperts, MixtralTopKRouter
from transformers.models.olmoe.modeling_olmoe import OlmoeExperts, OlmoeTopKRouter
from transformers.models.qwen2_moe.modeling_qwen2_moe import Qwen2MoeExperts, Qwen2MoeTopKRouter
from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeExperts, Qwen3MoeTopKRouter

MIXTURES = frozenset({"mixtral", "qwen2_moe", "qwen3_moe", "olmoe"})  # `model_type` of config.json
EXPERTS: tuple[type[nn.Module], ...] = (MixtralExperts, Qwen2MoeExperts, Qwen3MoeExperts, OlmoeExperts)
ROUTERS: tuple[type[nn.Module], ...] = (MixtralTopKRouter, Qwen2MoeTopKRouter, Qwen3MoeTopKRouter, OlmoeTopKRouter)
PROJECTIONS = ("gate_up_proj", "down_proj")


def experts_of(model: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield the modules that hold fused experts, with their dotted names, in the order of the layers."""
    return ((name, module) for name, module in model.named_modules() if isinstance(module, EXPERTS))


def routers_of(model: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield the routers, with their dotted names, in the order of the layers."""
    return ((name, module) for name, module in model.named_modules() if isinstance(module, ROUTERS))


def has_experts(model: nn.Module) -> bool:
    """Tell whether a model has fused experts."""
    return any(True for _ in experts_of(model))


def projection_shape(experts: Any, projection: str) -> tuple[int, int]:  # noqa: ANN401 - one of EXPERTS, untyped
    """Return (out, in) of one expert's projection, however it is stored."""
    hidden, intermediate = int(experts.hidden_dim), int(experts.intermediate_dim)
    return (2 * intermediate, hidden) if projection == "gate_up_proj" else (hidden, intermediate)
