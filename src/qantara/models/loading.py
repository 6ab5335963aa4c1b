"""Folders with a model in the Hugging Face layout -> tokenizer and model, quantized or not, on the machine's own device.

Mixtral-layout models take our experts forward and, in 4 bits, our quantizer; dense ones the stock bitsandbytes path. Routers are
kept and computed in fp32: in bf16 small differences flip which experts are chosen. No download, no reference: a folder.
"""

import json
from pathlib import Path
from typing import Any, Literal

import torch
from bitsandbytes.nn.modules import Linear4bit
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PreTrainedModel
from transformers.models.mixtral.modeling_mixtral import MixtralTopKRouter
from transformers.utils.logging import disable_progress_bar

from qantara.errors import ModelError
from qantara.models.experts_forward import IMPLEMENTATION
from qantara.models.nf4_experts import ExpertsNF4Config, check_expert_bytes

Quantization = Literal["none", "nf4"]
Precision = Literal["auto", "bfloat16", "float32"]
_MIXTURES = frozenset({"mixtral"})


def load_tokenizer(folder: Path) -> Any:  # noqa: ANN401 - transformers is untyped
    """Return a folder's tokenizer; ModelError if it holds none."""
    _read_config(folder)
    try:
        return AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: no readable tokenizer; copy tokenizer.json and its config there") from error


def load_model(folder: Path, *, quantization: Quantization, dtype: Precision = "auto") -> PreTrainedModel:
    """Return a causal language model in evaluation mode, on the accelerator if there is one.

    `dtype` is what it computes in; "auto" is what the machine multiplies fastest (see `fastest_dtype`). Raises ModelError for a
    folder that is no model, and for experts that were to be in NF4 and are not.
    """
    config = _read_config(folder)
    is_mixture = config["model_type"] in _MIXTURES
    if is_mixture and config.get("hidden_act", "silu") != "silu":
        raise ModelError(f"{folder}: experts with {config['hidden_act']} are not supported, only silu")
    device = default_device()
    compute = fastest_dtype(device) if dtype == "auto" else torch.bfloat16 if dtype == "bfloat16" else torch.float32
    settings: dict[str, Any] = {"dtype": compute, "local_files_only": True, "device_map": {"": device}}
    if is_mixture:
        settings["experts_implementation"] = IMPLEMENTATION
    if quantization == "nf4":
        settings["quantization_config"] = _nf4_config(compute, is_mixture=is_mixture)
    disable_progress_bar()  # type: ignore[no-untyped-call]  # the stage has a bar of its own
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(str(folder), **settings)
    except (OSError, ValueError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{folder}: not a model that can be loaded here: {reason}") from error
    if quantization == "nf4" and is_mixture:
        check_expert_bytes(model)
    _keep_routers_in_fp32(model)
    _keep_linear_weights_unpacked(model)
    model.requires_grad_(False)
    model.train(mode=False)
    return model


def default_device() -> torch.device:
    """Return the accelerator, or the CPU where there is none."""
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return accelerator or torch.device("cpu")


def fastest_dtype(device: torch.device) -> torch.dtype:
    """Return bf16 on accelerators and on CPUs with bf16 instructions, else fp32: there bf16 products are about 4x slower."""
    if device.type != "cpu":
        return torch.bfloat16
    capabilities = torch.cpu.get_capabilities()
    has_bf16 = capabilities.get("amx_bf16", False) or capabilities.get("avx512_bf16", False)
    return torch.bfloat16 if has_bf16 else torch.float32


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: not a model folder: config.json is missing or broken") from error
    if "model_type" not in config:
        raise ModelError(f"{folder}: not a model folder: config.json names no model_type")
    return config


def _nf4_config(compute: torch.dtype, *, is_mixture: bool) -> BitsAndBytesConfig:
    settings = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_compute_dtype": compute}
    return ExpertsNF4Config(**settings) if is_mixture else BitsAndBytesConfig(load_in_4bit=True, **settings)  # type: ignore[no-untyped-call]


def _keep_routers_in_fp32(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, MixtralTopKRouter):
            module.float()
            module.register_forward_pre_hook(lambda _, arguments: (arguments[0].float(),))


def _keep_linear_weights_unpacked(model: nn.Module) -> None:
    # In evaluation bitsandbytes repacks CPU weights for a kernel that has no backward, for good: a model that was evaluated
    # before it trains would silently lose the gradients through these layers.
    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False
