"""Products of rows, sorted by expert, with their expert's matrix: one `grouped_mm`, or one `mm` an expert.

A kernel for groups exists on accelerators in bf16. Some builds of it were wrong without a word (pytorch #186365, a transposed
bf16 weight on Blackwell), so its first use on a device is probed against single products, and what fails is not used. On a CPU
`grouped_mm` is no faster than the loop (torch 2.13: 36.8 against 36.3 ms in bf16, 82.6 against 83.0 in fp32, 4 x 512 rows).
"""

import functools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Way = Literal["grouped", "contiguous", "loop"]  # the middle one: grouped, with weights laid out anew, row by row
_PROBE_SIZES = (40, 0, 129, 87)
_PROBE_REPEATS = 3
_TOLERANCE = 0.02  # of the norm: bf16 keeps 8 bits, so right products differ by well under 1 %
_NARROW = 32
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows `start` to before `end`, which belong to experts `first` to before `last`.

    `ends` is where each expert's rows end, counted from `start` (int32, on the device); the loop, one expert a segment, needs none.
    """

    first: int
    last: int
    start: int
    end: int
    ends: Tensor | None = None
    way: Way = "loop"
    padding: int = 0


@functools.cache
def way_for(device: torch.device, dtype: torch.dtype) -> Way:
    """Return how rows of `dtype` are multiplied on `device`, after a probe; a warning says why if it isn't the fastest way."""
    if device.type == "cpu" or dtype != torch.bfloat16:
        return "loop"
    return fastest_sound(lambda way: probe(device, dtype, way))


def fastest_sound(fault_of: Callable[[Way], str]) -> Way:
    """Return the fastest way in which `fault_of` finds no fault; the loop is always right."""
    ways: tuple[Way, ...] = ("grouped", "contiguous")
    for way in ways:
        fault = fault_of(way)
        if not fault:
            return way
        _LOG.warning("grouped_mm (%s weights) is not used on this machine, slower products are: %s", way, fault)
    return "loop"


def probe(device: torch.device, dtype: torch.dtype, way: Way) -> str:
    """Return what is wrong with grouped products here, empty if nothing: against single ones, repeated, with an empty group."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(device, dtype)

    experts = len(_PROBE_SIZES)
    rows, weights, factors = draw(sum(_PROBE_SIZES), 128), draw(experts, 256, 128), draw(experts, 128, 8)
    ends = torch.tensor(_PROBE_SIZES, device=device).cumsum(0).to(torch.int32)
    group = Segment(0, experts, 0, len(rows), ends, way)
    wanted = [torch.cat(parts) for parts in zip(*_one_by_one(rows, weights, factors), strict=True)]
    for _ in range(_PROBE_REPEATS):
        rows = rows / rows.new_ones(1, 1)  # the reported fault came after a division that broadcasts
        try:
            found = _products(rows, weights, factors, group)
        except RuntimeError as error:  # no kernel for it here: the next way is taken, and a warning tells why
            return str(error).splitlines()[0]
        for one, other in zip(found, wanted, strict=True):
            if not (one.float() - other.float()).norm() <= _TOLERANCE * other.float().norm():
                return "its results are wrong (as in pytorch #186365)"
    return ""


def product(rows: Tensor, matrices: Tensor, segment: Segment) -> Tensor:
    """Return rows @ matrices[expert of the row]; `matrices` (the segment's experts, in, out) may be a transposed view."""
    if segment.ends is None:
        # The CPU's library is twice as fast at a narrow factor whose columns lie together.
        matrix = matrices[0].t().contiguous().t() if matrices.shape[2] < _NARROW else matrices[0]
        return torch.mm(rows, matrix)
    return F.grouped_mm(rows, matrices.contiguous() if segment.way == "contiguous" else matrices, offs=segment.ends)


def add_product(result: Tensor, rows: Tensor, matrices: Tensor, segment: Segment) -> None:
    """Add rows @ matrices[expert of the row] to `result`."""
    if segment.ends is None:
        result.addmm_(rows, matrices[0])
    else:
        result += product(rows, matrices, segment)


def transposed(factors: Tensor, segment: Segment) -> Tensor:
    """Return (experts, out, in) of (experts, in, out); laid out anew for kernels for groups, whose rows must have 16 bytes."""
    return factors.transpose(1, 2) if segment.ends is None else factors.transpose(1, 2).contiguous()


def outer(left: Tensor, right: Tensor, segment: Segment) -> Tensor:
    """Return left.T @ right over each expert's rows, (the segment's experts, in, out): the gradient of a factor."""
    if segment.ends is None:
        # Likewise three times as fast at a short and wide result as at a tall and narrow one.
        is_narrow = right.shape[1] < _NARROW
        return (torch.mm(right.t(), left).t() if is_narrow else torch.mm(left.t(), right))[None]
    return F.grouped_mm(left.t(), right, offs=segment.ends)


def _products(rows: Tensor, weights: Tensor, factors: Tensor, segment: Segment) -> list[Tensor]:
    forward = product(rows, weights.transpose(1, 2), segment)
    low = product(rows, factors, segment)
    added = product(forward, weights, segment)
    add_product(added, low, transposed(factors, segment), segment)
    return [forward, low, added, outer(rows, low, segment)]


def _one_by_one(rows: Tensor, weights: Tensor, factors: Tensor) -> Iterator[list[Tensor]]:
    start = 0
    for expert, size in enumerate(_PROBE_SIZES):
        alone = Segment(expert, expert + 1, start, start + size)
        expert_rows = slice(expert, expert + 1)
        yield _products(rows[start : start + size], weights[expert_rows], factors[expert_rows], alone)
        start += size
