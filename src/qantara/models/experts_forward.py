"""The forward of fused experts, frozen (NF4 or plain) with low-rank factors beside them, and its hand-written backward.

Rows are sorted by expert and go segment by segment: all experts in one grouped product, some at a time where their dequantized
weights would pass `transient_bytes`, or one by one (see `grouped_products`). Backward dequantizes again instead of keeping
weights, and keeps the gate and up activations only: the rest is cheap to make again. Expert weights get no gradient. Covers gated
experts with SiLU and no biases, as all of `layouts` are.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from qantara.models.grouped_products import Segment, Way, add_product, outer, product, way_for
from qantara.models.layouts import PROJECTIONS, projection_shape
from qantara.models.nf4_experts import expert_weights

IMPLEMENTATION = "qantara"
TRANSIENT_BYTES = (
    2 << 30
)  # where experts have no `transient_bytes` of their own: those of models not loaded by `loading`
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
class Routing:
    """(token, choice) rows sorted by expert: `order` sorts them, `inverse` undoes it, `segments` cut them up.

    `scale` is of the factors' products; dropout draws what it keeps from `seed`, so that backward can draw it again.
    """

    experts: nn.Module
    order: Tensor
    inverse: Tensor
    segments: tuple[Segment, ...]
    top_k: int
    scale: float
    dropout: float
    seed: int

    def spread(self, values: Tensor, segment: Segment) -> Tensor:
        """Return each row's copy of its token's values."""
        return values[self.order[segment.start : segment.end] // self.top_k]

    def unsort(self, parts: list[Tensor], like: Tensor) -> Tensor:
        """Return the segments' rows in the order of tokens and their choices; `like` serves where there are none."""
        if not parts:
            return like.new_zeros(0, like.shape[1])
        return (parts[0] if len(parts) == 1 else torch.cat(parts))[self.inverse]

    def gather(self, parts: list[Tensor], like: Tensor) -> Tensor:
        """Return, for each token of `like`, the sum of its rows (in fp32 where rows are)."""
        return self.unsort(parts, like).view(like.shape[0], self.top_k, like.shape[1]).sum(dim=1)

    def kept(self, device: torch.device) -> tuple[Tensor | None, Tensor | None]:
        """Return which inputs of the two A factors dropout keeps; drawn whole, so that segments don't change it."""
        if not self.dropout:
            return None, None
        generator = torch.Generator(device).manual_seed(self.seed)
        widths = (projection_shape(self.experts, projection)[1] for projection in PROJECTIONS)
        shapes = ((self.order.numel(), width) for width in widths)
        first, second = (torch.rand(shape, device=device, generator=generator) >= self.dropout for shape in shapes)
        return first, second


class _Part:
    """One segment's products: frozen weights with the factors of its experts beside them."""

    def __init__(
        self, routing: Routing, segment: Segment, factors: Sequence[Tensor], kept: Sequence[Tensor | None]
    ) -> None:
        self.routing, self.segment = routing, segment
        self._factors = [factor[segment.first : segment.last] for factor in factors]
        self._kept = [None if mask is None else mask[segment.start : segment.end] for mask in kept]

    def project(self, i: int, inputs: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return inputs through projection `i`, and their low-rank form (scaled) if there are factors."""
        outputs = product(inputs, self._weights(i, inputs.dtype).transpose(1, 2), self.segment)
        if not self._factors:
            return outputs, None
        low = product(self._dropped(i, inputs), self._factors[2 * i], self.segment).mul_(self.routing.scale)
        add_product(outputs, low, self._factors[2 * i + 1], self.segment)
        return outputs, low

    def back(self, i: int, gradients: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return gradients of a projection's outputs as those of its inputs, and as those of inputs @ A."""
        result = product(gradients, self._weights(i, gradients.dtype), self.segment)
        if not self._factors:
            return result, None
        a, b = (factor.transpose(1, 2).contiguous() for factor in self._factors[2 * i : 2 * i + 2])
        low = product(gradients, b, self.segment).mul_(self.routing.scale)
        if self._kept[i] is None:
            add_product(result, low, a, self.segment)
        else:
            result += self._dropped(i, product(low, a, self.segment))
        return result, low

    def of_a(self, i: int, inputs: Tensor, low_gradients: Tensor) -> Tensor:
        """Return the gradient of a projection's A factors."""
        return outer(self._dropped(i, inputs), low_gradients, self.segment)

    def of_b(self, low: Tensor, gradients: Tensor) -> Tensor:
        """Return the gradient of B factors, of the low-rank forms and the outputs' gradients."""
        return outer(low, gradients, self.segment)

    def row_weights(self, top_weights: Tensor) -> Tensor:
        """Return the routing weight of each row, a column."""
        return top_weights.reshape(-1)[self.routing.order[self.segment.start : self.segment.end]].unsqueeze(1)

    def _weights(self, i: int, dtype: torch.dtype) -> Tensor:
        return expert_weights(self.routing.experts, PROJECTIONS[i], dtype, self.segment.first, self.segment.last)

    def _dropped(self, i: int, inputs: Tensor) -> Tensor:
        mask = self._kept[i]
        return inputs if mask is None else inputs * mask


class _Experts(torch.autograd.Function):
    """Gated experts on sorted rows; `factors` are the four of `Factors` in the rows' dtype, or none."""

    @staticmethod
    def forward(ctx: Any, routing: Routing, hidden: Tensor, top_weights: Tensor, *factors: Tensor) -> Tensor:  # noqa: ANN401
        """Return the experts' weighted sum a token; all but `routing` may need a gradient."""
        saved: list[Tensor | None] = []
        outputs = []
        for part in _parts(routing, hidden, factors):
            gate_up, low_inputs = part.project(0, routing.spread(hidden, part.segment))
            of_part, low_activations = part.project(1, _gated(gate_up))
            outputs.append(of_part * part.row_weights(top_weights))
            saved += [gate_up, low_inputs, low_activations]
        ctx.routing, ctx.num_factors = routing, len(factors)
        ctx.save_for_backward(hidden, top_weights, *factors, *saved)
        return routing.gather(outputs, hidden).to(hidden.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        """Return gradients of the hidden states, the routing weights and the factors."""
        routing: Routing = ctx.routing
        hidden, top_weights, *rest = ctx.saved_tensors
        factors, saved = rest[: ctx.num_factors], iter(rest[ctx.num_factors :])
        of_factors = [torch.zeros_like(factor) for factor in factors]
        of_hidden, of_weights = [], []
        for part in _parts(routing, hidden, factors):
            gate_up, low_inputs, low_activations = next(saved), next(saved), next(saved)
            weights = part.row_weights(top_weights).to(hidden.dtype)
            silu, activations = _activations(gate_up)
            outputs = routing.spread(
                gradient, part.segment
            )  # of the outputs before their weights, until they have theirs
            back, low = part.back(1, outputs)
            # <gradient, output> is <back, activations>: no second forward through the down projection.
            of_weights.append((back * activations).sum(dim=1, keepdim=True, dtype=torch.float32))
            experts = slice(part.segment.first, part.segment.last)
            if low is not None:
                of_factors[2][experts] = part.of_a(1, activations, low.mul_(weights))
                of_factors[3][experts] = part.of_b(low_activations, outputs.mul_(weights))
            of_gate_up = _gated_back(back.mul_(weights), gate_up, silu)
            of_inputs, low = part.back(0, of_gate_up)
            if low is not None:
                of_factors[0][experts] = part.of_a(0, routing.spread(hidden, part.segment), low)
                of_factors[1][experts] = part.of_b(low_inputs, of_gate_up)
            of_hidden.append(of_inputs)
        of_top = routing.unsort(of_weights, top_weights).view(top_weights.shape).to(top_weights.dtype)
        return None, routing.gather(of_hidden, hidden).to(hidden.dtype), of_top, *of_factors


def run_experts(
    experts: nn.Module, hidden: Tensor, top_index: Tensor, top_weights: Tensor, low_rank: LowRank | None
) -> Tensor:
    """Return the experts' output (tokens, hidden); without `low_rank` that of the frozen experts alone.

    Dropout draws from torch's own generator of the CPU, one number a call.
    """
    given = LowRank(*low_rank) if low_rank else None
    routing = route(experts, top_index, way_for(hidden.device, hidden.dtype), hidden.dtype, given)
    factors = [factor.to(hidden.dtype) for factor in given.factors] if given else []
    output: Tensor = _Experts.apply(routing, hidden, top_weights, *factors)  # type: ignore[no-untyped-call]
    return output


def frozen_experts(experts: nn.Module, hidden: Tensor, top_index: Tensor, top_weights: Tensor) -> Tensor:
    """Return the output of experts without adapters; registered with transformers as `IMPLEMENTATION`."""
    return run_experts(experts, hidden, top_index, top_weights, None)


ALL_EXPERTS_FUNCTIONS.register(IMPLEMENTATION, frozen_experts)


def route(
    experts: Any,  # noqa: ANN401 - one of EXPERTS, untyped
    top_index: Tensor,
    way: Way,
    dtype: torch.dtype,
    low_rank: LowRank | None = None,
) -> Routing:
    """Return the rows of a routing; `top_index` (tokens, top_k) holds expert indices, `dtype` is what experts compute in."""
    chosen = top_index.reshape(-1)
    order = torch.argsort(chosen, stable=True)
    inverse = torch.empty_like(order)
    inverse[order] = torch.arange(order.numel(), device=order.device)
    ends = torch.bincount(chosen, minlength=experts.num_experts).cumsum(0).to(torch.int32)
    at_once = 1 if way == "loop" else _experts_at_once(experts, dtype)
    segments = tuple(_segments(ends, order.numel(), at_once, way))
    dropout = low_rank.dropout if low_rank else 0.0
    scale = low_rank.scale / (1 - dropout) if low_rank else 0.0
    seed = int(torch.randint(_SEED_RANGE, ())) if dropout else 0
    return Routing(experts, order, inverse, segments, top_index.shape[-1], scale, dropout, seed)


def _experts_at_once(experts: Any, dtype: torch.dtype) -> int:  # noqa: ANN401 - one of EXPERTS, untyped
    largest = max(math.prod(projection_shape(experts, projection)) for projection in PROJECTIONS)
    # `vars`: a module answers for what it doesn't have with an error, and not all are loaded by `loading`.
    budget = vars(experts).get("transient_bytes", TRANSIENT_BYTES)
    return min(max(1, int(budget) // (largest * dtype.itemsize)), int(experts.num_experts))


def _segments(ends: Tensor, num_rows: int, at_once: int, way: Way) -> Iterator[Segment]:
    num_experts = ends.numel()
    if way != "loop" and at_once == num_experts:
        yield Segment(0, num_experts, 0, num_rows, ends, way)  # needs no numbers from the device: it isn't waited for
        return
    bounds = [0, *ends.tolist()]
    for first in range(0, num_experts, at_once):
        last = min(first + at_once, num_experts)
        start, end = bounds[first], bounds[last]
        if end > start:
            yield Segment(first, last, start, end, None if way == "loop" else ends[first:last] - start, way)


def _parts(routing: Routing, hidden: Tensor, factors: Sequence[Tensor]) -> Iterator[_Part]:
    kept = routing.kept(hidden.device)
    return (_Part(routing, segment, factors, kept) for segment in routing.segments)


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
