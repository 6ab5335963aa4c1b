"""NF4 experts in transformers: quantized while a checkpoint loads, saved packed, and loaded again as they were saved.

The stock stack quantizes `nn.Linear` only, and leaves experts (3-D parameters) in bf16 without a word. Its public registration
hooks add them here; linear layers keep the stock path. Experts are packed one by one before they would be fused, so that loading
holds no more than one projection of one layer unquantized. How the packed form looks is known by `nf4_experts` alone.
"""

from typing import Any

import torch
from transformers import PreTrainedModel
from transformers.core_model_loading import ConversionOps, WeightConverter
from transformers.integrations.bitsandbytes import Bnb4bitQuantize
from transformers.quantizers.auto import register_quantization_config, register_quantizer
from transformers.quantizers.quantizer_bnb_4bit import Bnb4BitHfQuantizer
from transformers.quantizers.quantizers_utils import get_module_from_name
from transformers.utils.quantization_config import BitsAndBytesConfig

from qantara.models.layouts import EXPERTS, PROJECTIONS, experts_of, routers_of
from qantara.models.nf4_experts import check_blocks, quantize, reserve

METHOD = "experts_nf4"  # `quant_method` in config.json


@register_quantization_config(METHOD)
class ExpertsNF4Config(BitsAndBytesConfig):
    """NF4 with double quantization for linear layers, as bitsandbytes does it, and for fused experts."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - also called with a stored config's values
        given = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True} | settings | {"load_in_4bit": True}
        given.pop("quant_method", None)
        super().__init__(**given)  # type: ignore[no-untyped-call]
        self.quant_method = METHOD  # type: ignore[assignment]  # the parent lists the stock methods only

    def quantization_method(self) -> str:
        """Return the kind of quantization, in the words of the parent class."""
        return "nf4"

    def to_dict(self) -> dict[str, Any]:
        """Return what config.json holds; without `load_in_4bit`, which transformers would take for the stock method."""
        settings: dict[str, Any] = super().to_dict()
        return {name: value for name, value in settings.items() if "load_in_" not in name}


class _QuantizeEach(ConversionOps):
    """Turns the weights of one projection, still one a tensor and expert, into their packed form."""

    def convert(  # type: ignore[override]  # the other arguments come by name
        self,
        input_dict: dict[str, list[torch.Tensor]],
        **context: Any,  # noqa: ANN401
    ) -> dict[str, Any]:
        """Return the packed parameter by its target; its scales go to the module of experts."""
        module, projection = get_module_from_name(context["model"], context["full_layer_name"])
        columns = [input_dict.pop(pattern) for pattern in context["source_patterns"]]  # gate before up
        if any(len(column) != module.num_experts for column in columns):
            raise ValueError("experts are missing")  # transformers collects what conversions raise
        each = (torch.cat([column.pop(0) for column in columns]) for _ in range(len(columns[0])))
        return {context["target_patterns"][0]: quantize(module, projection, each)}

    @property
    def reverse_op(self) -> ConversionOps:
        """Return itself: a quantized model is saved as it is, without conversions."""
        return self


class _Quantize(ConversionOps):
    """Turns one loaded weight into its quantized form; linear layers go to the stock operation."""

    def __init__(self, quantizer: Bnb4BitHfQuantizer) -> None:
        self._linear = Bnb4bitQuantize(quantizer)  # type: ignore[no-untyped-call]

    def convert(  # type: ignore[override]  # the other arguments come by name
        self,
        input_dict: dict[str, Any],
        **context: Any,  # noqa: ANN401
    ) -> dict[str, Any]:
        """Return `input_dict` with its weight quantized; the scales of experts go to their module."""
        name, value = next(iter(input_dict.items()))
        module, projection = get_module_from_name(context["model"], name)
        if not isinstance(module, EXPERTS):
            converted: dict[str, Any] = self._linear.convert(input_dict, **context)
            return converted
        module._is_hf_initialized = True  # type: ignore[assignment]  # transformers then leaves it alone
        weight = value[0] if isinstance(value, list) else value
        return {name: weight if weight.dtype == torch.uint8 else quantize(module, projection, weight)}


@register_quantizer(METHOD)
class ExpertsNF4Quantizer(Bnb4BitHfQuantizer):
    """The stock 4-bit quantizer, which also takes experts."""

    def param_needs_quantization(self, model: PreTrainedModel, param_name: str, **kwargs: Any) -> bool:  # noqa: ANN401
        """Tell whether a parameter is quantized as it loads."""
        module, name = get_module_from_name(model, param_name)
        if isinstance(module, EXPERTS):
            return name in PROJECTIONS
        return bool(super().param_needs_quantization(model, param_name, **kwargs))

    def get_quantize_ops(self) -> ConversionOps:
        """Return the operation that quantizes a weight."""
        return _Quantize(self)

    def update_weight_conversions(self, weight_conversions: list[Any], model: PreTrainedModel) -> list[Any]:
        """Return the conversions of a checkpoint's tensors, where those that fuse experts pack them instead."""
        updated = [_packing(conversion) for conversion in weight_conversions]
        return list(super().update_weight_conversions(updated, model))  # type: ignore[no-untyped-call]

    def _process_model_before_weight_loading(  # type: ignore[override]  # the parents disagree on `device_map`
        self,
        model: PreTrainedModel,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super()._process_model_before_weight_loading(model, **kwargs)
        for _, router in routers_of(model):
            router.float()  # a weight is read in its parameter's dtype: routers lose nothing of an fp32 checkpoint
        for _, experts in experts_of(model):
            check_blocks(experts)
            if self.pre_quantized:
                reserve(experts)

    def _process_model_after_weight_loading(self, model: PreTrainedModel, **kwargs: Any) -> PreTrainedModel:  # noqa: ANN401
        # What `save_pretrained` undoes: names, but neither the fusing of experts nor the reading of packed linear layers.
        used: Any = model._weight_conversions
        model._weight_conversions = [each for each in used if not isinstance(each, WeightConverter)]  # type: ignore[assignment]
        loaded: PreTrainedModel = super()._process_model_after_weight_loading(model, **kwargs)
        return loaded


def _packing(conversion: Any) -> Any:  # noqa: ANN401 - a conversion of transformers, untyped
    """Return a conversion that packs experts in place of one that fuses them; any other as it is."""
    if not isinstance(conversion, WeightConverter):
        return conversion
    targets = conversion._original_target_patterns
    if not any(targets[0].endswith(f"experts.{projection}") for projection in PROJECTIONS):
        return conversion
    return conversion.copy(conversion._original_source_patterns, targets, operations=[_QuantizeEach()])
