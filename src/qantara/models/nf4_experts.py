"""Fused Mixture-of-Experts weights in NF4: quantized while a checkpoint loads, dequantized an expert at a time.

The stock stack quantizes `nn.Linear` only, and leaves experts (3-D parameters) in bf16 without a word. Here the public hooks of
transformers add them. Each projection becomes a packed uint8 parameter and its block scales, both with the expert axis first, so
that a sharder can split them. Not covered: double quantization, and saving a model in its quantized form.
"""

from typing import Any

import bitsandbytes as bnb
import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.core_model_loading import ConversionOps
from transformers.integrations.bitsandbytes import Bnb4bitQuantize
from transformers.models.mixtral.modeling_mixtral import MixtralExperts
from transformers.quantizers.auto import register_quantization_config, register_quantizer
from transformers.quantizers.quantizer_bnb_4bit import Bnb4BitHfQuantizer
from transformers.quantizers.quantizers_utils import get_module_from_name
from transformers.utils.quantization_config import BitsAndBytesConfig

from qantara.errors import ModelError

PROJECTIONS = ("gate_up_proj", "down_proj")
BLOCK_SIZE = 64
MAX_SHARE_OF_BF16 = 0.30  # 4 bits and a 32-bit scale every 64 weights are 0.281 of 16 bits
_METHOD = "experts_nf4"
_BF16_BYTES = 2


@register_quantization_config(_METHOD)
class ExpertsNF4Config(BitsAndBytesConfig):
    """NF4 for linear layers, as bitsandbytes does it, and for fused experts."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - also called with a stored config's values
        given = {"bnb_4bit_quant_type": "nf4"} | settings
        super().__init__(**given | {"load_in_4bit": True})  # type: ignore[no-untyped-call]
        self.quant_method = _METHOD  # type: ignore[assignment]  # the parent lists the stock methods only

    def quantization_method(self) -> str:
        """Return the kind of quantization, in the words of the parent class."""
        return "nf4"


class _Quantize(ConversionOps):
    """Turns one loaded weight into its quantized form; linear layers go to the stock operation."""

    def __init__(self, quantizer: Bnb4BitHfQuantizer) -> None:
        self._linear = Bnb4bitQuantize(quantizer)  # type: ignore[no-untyped-call]

    def convert(  # type: ignore[override]  # the other arguments come by name
        self,
        input_dict: dict[str, Any],
        **context: Any,  # noqa: ANN401
    ) -> dict[str, Any]:
        """Return `input_dict` with its weight quantized; scales and shape go to the weight's module."""
        name, value = next(iter(input_dict.items()))
        module, projection = get_module_from_name(context["model"], name)
        if not isinstance(module, MixtralExperts):
            converted: dict[str, Any] = self._linear.convert(input_dict, **context)
            return converted
        weight = value[0] if isinstance(value, list) else value
        module._is_hf_initialized = True  # type: ignore[assignment]  # transformers then leaves it alone
        return {name: quantize(module, projection, weight)}


@register_quantizer(_METHOD)
class ExpertsNF4Quantizer(Bnb4BitHfQuantizer):
    """The stock 4-bit quantizer, which also takes experts."""

    def param_needs_quantization(self, model: PreTrainedModel, param_name: str, **kwargs: Any) -> bool:  # noqa: ANN401
        """Tell whether a parameter is quantized as it loads."""
        module, name = get_module_from_name(model, param_name)
        if isinstance(module, MixtralExperts):
            return name in PROJECTIONS
        return bool(super().param_needs_quantization(model, param_name, **kwargs))

    def get_quantize_ops(self) -> ConversionOps:
        """Return the operation that quantizes a weight."""
        return _Quantize(self)


def quantize(experts: nn.Module, projection: str, weight: torch.Tensor) -> nn.Parameter:
    """Return the packed form (experts, bytes) of a weight (experts, out, in); its scales become a parameter of `experts`."""
    num_experts, rows, columns = weight.shape
    if rows * columns % BLOCK_SIZE or columns % 2:
        raise ModelError(f"experts of {rows} x {columns} can't be stored in NF4: blocks of {BLOCK_SIZE} must fill them")
    packed, state = bnb.functional.quantize_4bit(weight.contiguous(), blocksize=BLOCK_SIZE, quant_type="nf4")
    scales = nn.Parameter(state.absmax.view(num_experts, -1), requires_grad=False)
    experts.register_parameter(_scales_of(projection), scales)
    return nn.Parameter(packed.view(num_experts, -1), requires_grad=False)


def projection_shape(experts: Any, projection: str) -> tuple[int, int]:  # noqa: ANN401 - MixtralExperts, untyped
    """Return (out, in) of one expert's projection, however it is stored."""
    hidden, intermediate = int(experts.hidden_dim), int(experts.intermediate_dim)
    return (2 * intermediate, hidden) if projection == "gate_up_proj" else (hidden, intermediate)


def expert_weight(experts: nn.Module, projection: str, index: int, dtype: torch.dtype) -> torch.Tensor:
    """Return one expert's weight (out, in) as `dtype`, dequantized if it is packed."""
    weight = experts.get_parameter(projection)[index]
    if weight.dtype != torch.uint8:
        return weight.to(dtype)
    return _dequantize(
        weight, experts.get_parameter(_scales_of(projection))[index], projection_shape(experts, projection), dtype
    )


def expert_weights(experts: nn.Module, projection: str, dtype: torch.dtype) -> torch.Tensor:
    """Return all experts' weights (experts, out, in) as `dtype`, dequantized if they are packed."""
    weights = experts.get_parameter(projection)
    if weights.dtype != torch.uint8:
        return weights.to(dtype)
    shape = (weights.shape[0], *projection_shape(experts, projection))
    return _dequantize(weights, experts.get_parameter(_scales_of(projection)), shape, dtype)


def expert_bytes(model: nn.Module) -> tuple[int, int]:
    """Return the bytes that expert weights take, scales included, and those that they would take in bf16."""
    actual = in_bf16 = 0
    for module in model.modules():
        if isinstance(module, MixtralExperts):
            actual += sum(weight.numel() * weight.element_size() for weight in module.parameters(recurse=False))
            for projection in PROJECTIONS:
                rows, columns = projection_shape(module, projection)
                in_bf16 += module.num_experts * rows * columns * _BF16_BYTES
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


def _scales_of(projection: str) -> str:
    return f"{projection}_absmax"


def _dequantize(packed: torch.Tensor, scales: torch.Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    code = bnb.functional.get_4bit_type("nf4", device=str(packed.device))  # type: ignore[no-untyped-call]
    state = bnb.functional.QuantState(  # type: ignore[no-untyped-call]
        absmax=scales.reshape(-1),
        shape=torch.Size(shape),
        code=code,
        blocksize=BLOCK_SIZE,
        quant_type="nf4",
        dtype=dtype,
    )
    weight: torch.Tensor = bnb.functional.dequantize_4bit(packed.reshape(-1, 1), state)
    return weight
