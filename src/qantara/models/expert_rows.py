"""A routing as rows sorted by expert, one row a (token, choice), cut into segments that are multiplied together.

Covers which rows go with which experts and the way back to tokens; the products are in `grouped_products`, the experts' forward in
`experts_forward`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from qantara.models.grouped_products import Segment, Way
from qantara.models.layouts import PROJECTIONS, projection_shape
from qantara.models.nf4_experts import TRANSIENT_MEBIBYTES

TRANSIENT_BYTES = TRANSIENT_MEBIBYTES << 20  # for experts that `loading` didn't load
_ROW_MULTIPLE = 64


@dataclass(frozen=True, slots=True)
class Routing:
    """`order` sorts the rows, `inverse` undoes it, `segments` cut them up; `top_k` rows belong to each token."""

    experts: nn.Module
    order: Tensor
    inverse: Tensor
    segments: tuple[Segment, ...]
    top_k: int

    def spread(self, values: Tensor, segment: Segment) -> Tensor:
        """Return each row's copy of its token's values; rows of padding are copies of some token's."""
        return values[F.pad(self.order[segment.start : segment.end], (0, segment.padding)) // self.top_k]

    def row_weights(self, top_weights: Tensor, segment: Segment) -> Tensor:
        """Return the routing weight of each row, a column; 0 for padding, so that it changes no gradient."""
        weights = top_weights.reshape(-1)[self.order[segment.start : segment.end]]
        return F.pad(weights, (0, segment.padding)).unsqueeze(1)

    def unsort(self, parts: Sequence[Tensor], like: Tensor) -> Tensor:
        """Return the segments' rows in the order of tokens and their choices; `like` serves where there are none."""
        if not parts:
            return like.new_zeros(0, like.shape[1])
        pairs = zip(parts, self.segments, strict=True)
        rows = [part[: segment.end - segment.start] for part, segment in pairs]
        return (rows[0] if len(rows) == 1 else torch.cat(rows))[self.inverse]

    def gather(self, parts: Sequence[Tensor], like: Tensor) -> Tensor:
        """Return, for each token of `like`, the sum of its rows (in fp32 where rows are)."""
        return self.unsort(parts, like).view(like.shape[0], self.top_k, like.shape[1]).sum(dim=1)


def route(experts: Any, top_index: Tensor, dtype: torch.dtype, way: Way) -> Routing:  # noqa: ANN401 - one of EXPERTS
    """Return the rows of a routing; `top_index` (tokens, top_k) holds expert indices, `dtype` is what experts compute in."""
    chosen, order = top_index.reshape(-1).sort(stable=True)
    inverse = torch.empty_like(order)
    inverse[order] = torch.arange(order.numel(), device=order.device)
    numbers = torch.arange(experts.num_experts, device=order.device)
    ends = torch.searchsorted(chosen, numbers, right=True, out_int32=True)  # bincount would wait for the device
    if way == "loop":
        # For every shape in bf16 oneDNN compiles a kernel and keeps it, up to 1.7 MB: half a gigabyte after 300 row counts.
        multiple = _ROW_MULTIPLE if (top_index.device.type, dtype) == ("cpu", torch.bfloat16) else 1
        segments = tuple(_alone(ends, multiple))
    else:
        segments = tuple(_grouped(ends, order.numel(), _experts_at_once(experts, dtype), way))
    return Routing(experts, order, inverse, segments, top_index.shape[-1])


def _experts_at_once(experts: Any, dtype: torch.dtype) -> int:  # noqa: ANN401 - one of EXPERTS, untyped
    largest = max(math.prod(projection_shape(experts, projection)) for projection in PROJECTIONS)
    budget = int(vars(experts).get("transient_bytes", TRANSIENT_BYTES))
    return min(max(1, budget // (largest * dtype.itemsize)), int(experts.num_experts))


def _alone(ends: Tensor, multiple: int) -> Iterator[Segment]:
    start = 0
    for expert, end in enumerate(ends.tolist()):
        if end > start:
            padding = -(end - start) % multiple if end - start > multiple else 0
            yield Segment(expert, expert + 1, start, end, padding=padding)
        start = end


def _grouped(ends: Tensor, num_rows: int, at_once: int, way: Way) -> Iterator[Segment]:
    num_experts = ends.numel()
    if at_once == num_experts:
        yield Segment(0, num_experts, 0, num_rows, ends, way)  # needs no numbers from the device: it isn't waited for
        return
    bounds = [0, *ends.tolist()]
    for first in range(0, num_experts, at_once):
        last = min(first + at_once, num_experts)
        start, end = bounds[first], bounds[last]
        if end > start:
            yield Segment(first, last, start, end, ends[first:last] - start, way)
