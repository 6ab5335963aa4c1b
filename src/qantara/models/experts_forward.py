"""The forward of fused experts, frozen (NF4 or plain) with low-rank factors beside them, and its hand-written backward.

Rows are sorted by expert. On an accelerator in bf16 every product is one `grouped_mm`; elsewhere it is a loop that dequantizes
one expert at a time. Backward dequantizes again instead of keeping weights, and keeps the gate and up activations only: the rest
is cheap to make again. Expert weights get no gradient. Covers gated experts with SiLU (Mixtral) and no biases.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from qantara.models.nf4_experts import expert_weight, expert_weights, projection_shape

IMPLEMENTATION = "qantara"


class Factors(NamedTuple):
    """Low-rank factors of a layer's experts, in the order of PROJECTIONS: A (experts, in, rank) and B (experts, rank, out)."""

    gate_up_a: Tensor
    gate_up_b: Tensor
    down_a: Tensor
    down_b: Tensor


@dataclass(frozen=True, slots=True)
class Rows:
    """(token, choice) rows sorted by expert: `order` sorts them, `inverse` undoes it, `bounds` are (expert, start, end).

    `grouped` takes one grouped product a projection, where there is a kernel for it; else experts go one by one.
    """

    experts: nn.Module
    order: Tensor
    inverse: Tensor
    ends: Tensor
    bounds: tuple[tuple[int, int, int], ...]
    top_k: int
    scale: float
    grouped: bool

    def spread(self, values: Tensor) -> Tensor:
        """Return each row's copy of its token's values."""
        return values[self.order // self.top_k]

    def gather(self, rows: Tensor) -> Tensor:
        """Return, for each token, the sum of its rows (in fp32 where rows are)."""
        return rows[self.inverse].view(-1, self.top_k, rows.shape[1]).sum(dim=1)

    def product(self, rows: Tensor, factors: Tensor) -> Tensor:
        """Return rows @ factors[expert of the row]; `factors` is (experts, in, out)."""
        if self.grouped:
            return F.grouped_mm(rows, factors, offs=self.ends)
        return self._each(rows, factors.shape[2], lambda expert: factors[expert])

    def frozen(self, rows: Tensor, projection: str) -> Tensor:
        """Return rows through their expert's projection."""
        if self.grouped:
            weights = expert_weights(self.experts, projection, rows.dtype)
            return F.grouped_mm(rows, weights.transpose(-2, -1), offs=self.ends)
        width = projection_shape(self.experts, projection)[0]
        return self._each(rows, width, lambda expert: expert_weight(self.experts, projection, expert, rows.dtype).t())

    def frozen_back(self, gradients: Tensor, projection: str) -> Tensor:
        """Return gradients of a projection's outputs as gradients of its inputs."""
        if self.grouped:
            weights = expert_weights(self.experts, projection, gradients.dtype)
            return F.grouped_mm(gradients, weights, offs=self.ends)
        width = projection_shape(self.experts, projection)[1]
        return self._each(
            gradients, width, lambda expert: expert_weight(self.experts, projection, expert, gradients.dtype)
        )

    def outer(self, left: Tensor, right: Tensor) -> Tensor:
        """Return left.T @ right over each expert's rows: the gradient (experts, in, out) of a factor."""
        if self.grouped:
            return F.grouped_mm(left.t(), right, offs=self.ends)
        result = left.new_zeros(self.ends.numel(), left.shape[1], right.shape[1])
        for expert, start, end in self.bounds:
            torch.mm(left[start:end].t(), right[start:end], out=result[expert])
        return result

    def _each(self, rows: Tensor, width: int, weight: Callable[[int], Tensor]) -> Tensor:
        result = rows.new_empty(rows.shape[0], width)
        for expert, start, end in self.bounds:
            torch.mm(rows[start:end], weight(expert), out=result[start:end])
        return result


def sort_rows(experts: Any, top_index: Tensor, scale: float, *, grouped: bool) -> Rows:  # noqa: ANN401 - MixtralExperts
    """Return the rows of a routing; `top_index` (tokens, top_k) holds expert indices."""
    chosen = top_index.reshape(-1)
    order = torch.argsort(chosen, stable=True)
    inverse = torch.empty_like(order)
    inverse[order] = torch.arange(order.numel(), device=order.device)
    ends = torch.bincount(chosen, minlength=experts.num_experts).cumsum(0).to(torch.int32)
    bounds: list[tuple[int, int, int]] = []
    if not grouped:
        start = 0
        for expert, end in enumerate(ends.tolist()):
            if end > start:
                bounds.append((expert, start, end))
            start = end
    return Rows(experts, order, inverse, ends, tuple(bounds), top_index.shape[-1], scale, grouped)


class _Experts(torch.autograd.Function):
    """Gated experts on sorted rows; `factors` are the four of `Factors` in the rows' dtype, or none."""

    @staticmethod
    def forward(ctx: Any, rows: Rows, hidden: Tensor, top_weights: Tensor, *factors: Tensor) -> Tensor:  # noqa: ANN401
        """Return the experts' weighted sum a token; all but `rows` may need a gradient."""
        inputs = rows.spread(hidden)
        gate_up = rows.frozen(inputs, "gate_up_proj")
        low_inputs = low_activations = None
        if factors:
            low_inputs = rows.product(inputs, factors[0])
            gate_up += rows.product(low_inputs, factors[1]).mul_(rows.scale)
        activations = _gated(gate_up)
        outputs = rows.frozen(activations, "down_proj")
        if factors:
            low_activations = rows.product(activations, factors[2])
            outputs += rows.product(low_activations, factors[3]).mul_(rows.scale)
        ctx.rows = rows
        ctx.save_for_backward(hidden, top_weights, gate_up, low_inputs, low_activations, *factors)
        return rows.gather(outputs * _row_weights(rows, top_weights)).to(hidden.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        """Return gradients of the hidden states, the routing weights and the factors."""
        rows: Rows = ctx.rows
        hidden, top_weights, gate_up, low_inputs, low_activations, *factors = ctx.saved_tensors
        weights = _row_weights(rows, top_weights).to(hidden.dtype)
        activations = _gated(gate_up)
        outputs = rows.spread(gradient)  # of the unweighted outputs, until the routing weights have their gradient
        back = rows.frozen_back(outputs, "down_proj")
        factor_gradients: list[Tensor] = []
        if factors:
            low = rows.product(outputs, factors[3].transpose(1, 2).contiguous()).mul_(rows.scale)
            back += rows.product(low, factors[2].transpose(1, 2).contiguous())
            low *= weights
            outputs *= weights
            factor_gradients = [rows.outer(activations, low), rows.outer(low_activations, outputs).mul_(rows.scale)]
        # <gradient, output> is <back, activations>: no second forward through the down projection.
        of_weights = (back.float() * activations.float()).sum(dim=1)[rows.inverse].view(top_weights.shape)
        of_gate_up = _gated_back(back * weights, gate_up)
        of_inputs = rows.frozen_back(of_gate_up, "gate_up_proj")
        if factors:
            low = rows.product(of_gate_up, factors[1].transpose(1, 2).contiguous()).mul_(rows.scale)
            of_inputs += rows.product(low, factors[0].transpose(1, 2).contiguous())
            of_b = rows.outer(low_inputs, of_gate_up).mul_(rows.scale)
            factor_gradients = [rows.outer(rows.spread(hidden), low), of_b, *factor_gradients]
        return None, rows.gather(of_inputs), of_weights.to(top_weights.dtype), *factor_gradients


def run_experts(
    experts: nn.Module, hidden: Tensor, top_index: Tensor, top_weights: Tensor, low_rank: tuple[Factors, float] | None
) -> Tensor:
    """Return the experts' output (tokens, hidden); `low_rank` holds factors and their scale (None: the frozen experts alone)."""
    factors, scale = low_rank or ((), 0.0)
    grouped = hidden.device.type != "cpu" and hidden.dtype == torch.bfloat16
    rows = sort_rows(experts, top_index, scale, grouped=grouped)
    cast = [factor.to(hidden.dtype) for factor in factors]
    output: Tensor = _Experts.apply(rows, hidden, top_weights, *cast)  # type: ignore[no-untyped-call]
    return output


def frozen_experts(experts: nn.Module, hidden: Tensor, top_index: Tensor, top_weights: Tensor) -> Tensor:
    """Return the output of experts without adapters; registered with transformers as `IMPLEMENTATION`."""
    return run_experts(experts, hidden, top_index, top_weights, None)


ALL_EXPERTS_FUNCTIONS.register(IMPLEMENTATION, frozen_experts)


def _row_weights(rows: Rows, top_weights: Tensor) -> Tensor:
    return top_weights.reshape(-1)[rows.order].unsqueeze(1)


def _gated(gate_up: Tensor) -> Tensor:
    gate, up = gate_up.chunk(2, dim=1)
    return F.silu(gate).mul_(up)


def _gated_back(gradient: Tensor, gate_up: Tensor) -> Tensor:
    gate, up = gate_up.chunk(2, dim=1)
    result = torch.empty_like(gate_up)
    of_gate, of_up = result.chunk(2, dim=1)
    of_gate.copy_(torch.ops.aten.silu_backward(gradient * up, gate))
    torch.mul(gradient, F.silu(gate), out=of_up)
    return result
