"""Frozen weights of fused experts, plain or in NF4 with double quantization: the one place that knows how they are stored.

A projection in NF4 is four frozen parameters of the experts' module, all with the expert axis first, so that one expert can be
read alone and a sharder can split them: packed bytes, 8-bit scales of 64 weights each, an fp32 scale for every 256 of those, and
an fp32 offset (QLoRA, arXiv 2305.14314, section 3). Whoever multiplies or merges reads weights through `expert_weight(s)`.
"""

from collections.abc import Iterable
from typing import Any

import bitsandbytes as bnb
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from qantara.errors import ModelError
from qantara.models.layouts import PROJECTIONS, experts_of, projection_shape

__all__ = ["PROJECTIONS", "projection_shape"]  # beside what is defined here: readers of weights need them too

BLOCK_SIZE = 64  # weights a scale
NESTED_BLOCK_SIZE = 256  # scales a scale of scales; an expert's last block may be short
PARTS = ("absmax", "nested_absmax", "offset")
MAX_SHARE_OF_BF16 = 0.29  # 4 bits a weight, 8 every 64 and 32 every 64 x 256 are 0.258 of 16 bits
TRANSIENT_MEBIBYTES = 2048  # of weights dequantized at a time: Mixtral's larger projection is 1,792 in bf16
_BF16_BYTES = 2


def quantize(experts: nn.Module, projection: str, weights: Iterable[Tensor]) -> nn.Parameter:
    """Return the packed form (experts, bytes) of weights (out, in), one an expert; its scales become parameters of `experts`.

    Every expert is quantized alone, as bitsandbytes quantizes a linear layer of its size.
    """
    quantized = [_quantize_one(weight) for weight in weights]
    packed, *parts = (nn.Parameter(torch.stack(part), requires_grad=False) for part in zip(*quantized, strict=True))
    for name, part in zip(PARTS, parts, strict=True):
        experts.register_parameter(f"{projection}_{name}", part)
    return packed


def check_blocks(experts: Any) -> None:  # noqa: ANN401 - one of EXPERTS, untyped
    """Raise ModelError for experts of a size that blocks don't fill."""
    for projection in PROJECTIONS:
        _num_blocks(*projection_shape(experts, projection))


def reserve(experts: Any) -> None:  # noqa: ANN401 - one of EXPERTS, untyped
    """Give an experts' module empty parameters of the shapes that its weights have in NF4, for stored ones to be loaded into."""
    device = experts.get_parameter(PROJECTIONS[0]).device
    for projection in PROJECTIONS:
        rows, columns = projection_shape(experts, projection)
        blocks = _num_blocks(rows, columns)
        widths = (rows * columns // 2, blocks, -(-blocks // NESTED_BLOCK_SIZE), 1)
        dtypes = (torch.uint8, torch.uint8, torch.float32, torch.float32)
        for name, width, dtype in zip(_names(projection), widths, dtypes, strict=True):
            empty = torch.empty(experts.num_experts, width, dtype=dtype, device=device)
            experts.register_parameter(name, nn.Parameter(empty, requires_grad=False))


def expert_weight(experts: nn.Module, projection: str, index: int, dtype: torch.dtype) -> Tensor:
    """Return one expert's weight (out, in) as `dtype`, dequantized if it is packed."""
    return expert_weights(experts, projection, dtype, index, index + 1)[0]


def expert_weights(
    experts: nn.Module, projection: str, dtype: torch.dtype, first: int = 0, last: int | None = None
) -> Tensor:
    """Return the weights (last - first, out, in) of experts `first` to before `last` (None: all that follow) as `dtype`.

    Dequantized if they are packed, and then the same bits however many are asked for; else a view where the dtype allows it.
    """
    weights = experts.get_parameter(projection)[first:last]
    if weights.dtype != torch.uint8:
        return weights.to(dtype)
    # A row a block: bitsandbytes 0.50.2 reads the wrong scales on a CPU when a row ends within a block, without a word.
    blocks = weights.numel() * 2 // BLOCK_SIZE
    state = bnb.functional.QuantState(  # type: ignore[no-untyped-call]
        absmax=_scales(experts, projection, first, last),
        shape=torch.Size((blocks, BLOCK_SIZE)),
        blocksize=BLOCK_SIZE,
        quant_type="nf4",
        dtype=dtype,
    )
    dequantized: Tensor = bnb.functional.dequantize_4bit(weights.reshape(-1, 1), state)
    return dequantized.view(-1, *projection_shape(experts, projection))


def expert_bytes(model: nn.Module) -> tuple[int, int]:
    """Return the bytes that expert weights take, scales included, and those that they would take in bf16."""
    actual = in_bf16 = 0
    for _, experts in experts_of(model):
        actual += sum(weight.numel() * weight.element_size() for weight in experts.parameters(recurse=False))
        for projection in PROJECTIONS:
            rows, columns = projection_shape(experts, projection)
            in_bf16 += experts.num_experts * rows * columns * _BF16_BYTES
    return actual, in_bf16


def check_expert_bytes(model: nn.Module) -> None:
    """Raise ModelError if a model's experts take more than their share in NF4: then they were not quantized."""
    actual, in_bf16 = expert_bytes(model)
    if actual > MAX_SHARE_OF_BF16 * in_bf16:
        share = actual / in_bf16
        raise ModelError(
            f"experts take {share:.2f} of their bf16 bytes, not {MAX_SHARE_OF_BF16:.2f}: they were not stored in NF4; "
            "use the transformers version of constraints.txt"
        )


def _names(projection: str) -> tuple[str, ...]:
    return projection, *(f"{projection}_{part}" for part in PARTS)


def _num_blocks(rows: int, columns: int) -> int:
    if rows * columns % BLOCK_SIZE or columns % 2:
        raise ModelError(f"experts of {rows} x {columns} can't be stored in NF4: blocks of {BLOCK_SIZE} must fill them")
    return rows * columns // BLOCK_SIZE


def _quantize_one(weight: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    _num_blocks(*weight.shape)
    packed, state = bnb.functional.quantize_4bit(
        weight.contiguous(), blocksize=BLOCK_SIZE, compress_statistics=True, quant_type="nf4"
    )
    return packed.view(-1), state.absmax, state.state2.absmax, state.offset.reshape(1)


def _scales(experts: nn.Module, projection: str, first: int, last: int | None) -> Tensor:
    """Return the fp32 scales of all blocks of a range of experts, one after another."""
    absmax, nested, offset = (experts.get_parameter(f"{projection}_{part}")[first:last] for part in PARTS)
    num_blocks = absmax.shape[1]
    short = -num_blocks % NESTED_BLOCK_SIZE if len(absmax) > 1 else 0  # else the next expert would begin within a block
    padded = F.pad(absmax, (0, short)).contiguous()
    scales = bnb.functional.dequantize_blockwise(padded, absmax=nested.reshape(-1), blocksize=NESTED_BLOCK_SIZE)
    return (scales[:, :num_blocks] + offset).view(-1)
