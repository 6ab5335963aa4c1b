"""The forward of fused experts, frozen (NF4 or plain) with low-rank factors beside them, and its hand-written backward.

Rows are sorted by expert and go segment by segment: all experts in one grouped product, some at a time where their dequantized
weights would pass `transient_bytes`, or one by one (see `grouped_products`). Backward dequantizes again instead of keeping
weights, and keeps the gate and up activations only: the rest is cheap to make again. Expert weights get no gradient. Covers gated
experts with SiLU and no biases, as all of `layouts` are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from qantara.models.expert_rows import Routing, route
from qantara.models.grouped_products import Segment, add_product, outer, product, transposed, way_for
from qantara.models.layouts import PROJECTIONS, projection_shape
from qantara.models.nf4_experts import expert_weights

IMPLEMENTATION = "qantara"
_SEED_RANGE = 2**62


class Factors(NamedTuple):
    """Low-rank factors of a layer's experts, in the order of PROJECTIONS: A (experts, in, rank) and B (experts, rank, out)."""

    gate_up_a: Tensor
    gate_up_b: Tensor
    down_a: Tensor
    down_b: Tensor


class LowRank(NamedTuple):
    """Factors, what their product is multiplied by, and the share of their inputs that is dropped (0 but in training)."""

    factors: Factors
    scale: float
    dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class _Adapted:
    """A routing, and what its factors' products are multiplied by; backward draws dropout again from `seed`."""

    routing: Routing
    scale: float = 0.0
    dropout: float = 0.0
    seed: int = 0

    def parts(self, device: torch.device, factors: Sequence[Tensor]) -> Iterator["_Part"]:
        """Yield the segments with their experts' factors."""
        kept = self._kept(device)
        return (_Part(self, segment, factors, kept) for segment in self.routing.segments)

    def _kept(self, device: torch.device) -> tuple[Tensor, ...]:
        """Return which inputs of the two A factors dropout keeps; drawn whole, so that segments don't change it."""
        if not self.dropout:
            return ()
        generator = torch.Generator(device).manual_seed(self.seed)
        widths = (projection_shape(self.routing.experts, projection)[1] for projection in PROJECTIONS)
        shapes = ((self.routing.order.numel(), width) for width in widths)
        return tuple(torch.rand(shape, device=device, generator=generator) >= self.dropout for shape in shapes)


class _Part:
    """One segment's products: frozen weights with the factors of its experts beside them."""

    def __init__(self, adapted: _Adapted, segment: Segment, factors: Sequence[Tensor], kept: Sequence[Tensor]) -> None:
        self.segment = segment
        self._experts, self._scale = adapted.routing.experts, adapted.scale
        self._factors = [factor[segment.first : segment.last] for factor in factors]
        self._kept = [F.pad(mask[segment.start : segment.end], (0, 0, 0, segment.padding)) for mask in kept]

    def project(self, i: int, inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return inputs through projection `i`, and their low-rank form (scaled) if there are factors."""
        outputs = product(inputs, self._weights(i, inputs.dtype).transpose(1, 2), self.segment)
        if not self._factors:
            return outputs, None
        low = product(self._dropped(i, inputs), self._factors[2 * i], self.segment).mul_(self._scale)
        add_product(outputs, low, self._factors[2 * i + 1], self.segment)
        return outputs, low

    def back(self, i: int, gradients: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return gradients of a projection's outputs as those of its inputs, and as those of inputs @ A."""
        result = product(gradients, self._weights(i, gradients.dtype), self.segment)
        if not self._factors:
            return result, None
        a, b = (transposed(factor, self.segment) for factor in self._factors[2 * i : 2 * i + 2])
        low = product(gradients, b, self.segment).mul_(self._scale)
        if self._kept:
            result += self._dropped(i, product(low, a, self.segment))
        else:
            add_product(result, low, a, self.segment)
        return result, low

    def of_a(self, i: int, inputs: Tensor, low_gradients: Tensor) -> Tensor:
        """Return the gradient of a projection's A factors."""
        return outer(self._dropped(i, inputs), low_gradients, self.segment)

    def _weights(self, i: int, dtype: torch.dtype) -> Tensor:
        return expert_weights(self._experts, PROJECTIONS[i], dtype, self.segment.first, self.segment.last)

    def _dropped(self, i: int, inputs: Tensor) -> Tensor:
        return inputs * self._kept[i] if self._kept else inputs


class _Experts(torch.autograd.Function):
    """Gated experts on sorted rows; `factors` are the four of `Factors` in the rows' dtype, or none."""

    @staticmethod
    def forward(ctx: Any, adapted: _Adapted, hidden: Tensor, top_weights: Tensor, *factors: Tensor) -> Tensor:  # noqa: ANN401
        """Return the experts' weighted sum a token; all but `adapted` may need a gradient."""
        routing = adapted.routing
        saved: list[Tensor | None] = []
        outputs = []
        for part in adapted.parts(hidden.device, factors):
            gate_up, low_inputs = part.project(0, routing.spread(hidden, part.segment))
            of_part, low_activations = part.project(1, _gated(gate_up))
            outputs.append(of_part * routing.row_weights(top_weights, part.segment))
            saved += [gate_up, low_inputs, low_activations]
        ctx.adapted, ctx.num_factors = adapted, len(factors)
        ctx.save_for_backward(hidden, top_weights, *factors, *saved)
        return routing.gather(outputs, hidden).to(hidden.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        """Return gradients of the hidden states, the routing weights and the factors."""
        routing: Routing = ctx.adapted.routing
        hidden, top_weights, *rest = ctx.saved_tensors
        factors, saved = rest[: ctx.num_factors], iter(rest[ctx.num_factors :])
        of_factors = [torch.zeros_like(factor) for factor in factors]
        of_hidden, of_weights = [], []
        for part in ctx.adapted.parts(hidden.device, factors):
            gate_up, low_inputs, low_activations = next(saved), next(saved), next(saved)
            weights = routing.row_weights(top_weights, part.segment).to(hidden.dtype)
            silu, activations = _activations(gate_up)
            outputs = routing.spread(gradient, part.segment)  # without the routing weights, until these have theirs
            back, low = part.back(1, outputs)
            # <gradient, output> is <back, activations>: no second forward through the down projection.
            of_weights.append((back * activations).sum(dim=1, keepdim=True, dtype=torch.float32))
            experts = slice(part.segment.first, part.segment.last)
            if low is not None:
                of_factors[2][experts] = part.of_a(1, activations, low.mul_(weights))
                of_factors[3][experts] = outer(low_activations, outputs.mul_(weights), part.segment)
            of_gate_up = _gated_back(back.mul_(weights), gate_up, silu)
            of_inputs, low = part.back(0, of_gate_up)
            if low is not None:
                of_factors[0][experts] = part.of_a(0, routing.spread(hidden, part.segment), low)
                of_factors[1][experts] = outer(low_inputs, of_gate_up, part.segment)
            of_hidden.append(of_inputs)
        of_top = routing.unsort(of_weights, top_weights).view(top_weights.shape).to(top_weights.dtype)
        return None, routing.gather(of_hidden, hidden).to(hidden.dtype), of_top, *of_factors


def run_experts(
    experts: nn.Module, hidden: Tensor, top_index: Tensor, top_weights: Tensor, low_rank: LowRank | None
) -> Tensor:
    """Return the experts' output (tokens, hidden); without `low_rank` that of the frozen experts alone.

    Dropout draws from torch's own generator of the CPU, one number a call.
    """
    routing = route(experts, top_index, hidden.dtype, way_for(hidden.device, hidden.dtype))
    adapted = _Adapted(routing)
    factors: list[Tensor] = []
    if low_rank:
        factors = [factor.to(hidden.dtype) for factor in low_rank.factors]
        share = low_rank.dropout
        seed = int(torch.randint(_SEED_RANGE, ())) if share else 0
        adapted = _Adapted(routing, low_rank.scale / (1 - share), share, seed)
    output: Tensor = _Experts.apply(adapted, hidden, top_weights, *factors)  # type: ignore[no-untyped-call]
    return output


def frozen_experts(experts: nn.Module, hidden: Tensor, top_index: Tensor, top_weights: Tensor) -> Tensor:
    """Return the output of experts without adapters; registered with transformers as `IMPLEMENTATION`."""
    return run_experts(experts, hidden, top_index, top_weights, None)


ALL_EXPERTS_FUNCTIONS.register(IMPLEMENTATION, frozen_experts)


def _gated(gate_up: Tensor) -> Tensor:
    gate, up = gate_up.chunk(2, dim=1)
    return F.silu(gate).mul_(up)


def _activations(gate_up: Tensor) -> tuple[Tensor, Tensor]:
    gate, up = gate_up.chunk(2, dim=1)
    silu = F.silu(gate)
    return silu, silu * up


def _gated_back(gradient: Tensor, gate_up: Tensor, silu: Tensor) -> Tensor:
    """Return the gradient of gate and up; `gradient`, of their activations, is used up."""
    gate, up = gate_up.chunk(2, dim=1)
    result = torch.empty_like(gate_up)
    of_gate, of_up = result.chunk(2, dim=1)
    torch.mul(gradient, silu, out=of_up)
    torch.ops.aten.silu_backward.grad_input(gradient.mul_(up), gate, grad_input=of_gate)
    return result
