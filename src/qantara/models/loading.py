"""Folders with a model in the Hugging Face layout -> tokenizer and model, quantized or not, on the machine's own device.

Mixtures of experts take our experts forward and, in 4 bits, our quantizer; dense models the stock bitsandbytes path. A folder may
hold a model that was saved in 4 bits. Routers are kept and computed in fp32: in bf16 small differences flip which experts are
chosen. No download, no reference: a folder.
"""

import ctypes
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any, Literal

import torch
from bitsandbytes.nn.modules import Linear4bit
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PreTrainedModel
from transformers.utils.logging import disable_progress_bar

from qantara.errors import ModelError
from qantara.models.expert_quantizer import METHOD, ExpertsNF4Config
from qantara.models.experts_forward import IMPLEMENTATION
from qantara.models.layouts import EXPERTS, MIXTURES, ROUTERS, experts_of, has_experts, routers_of
from qantara.models.nf4_experts import BLOCK_SIZE, TRANSIENT_MEBIBYTES, check_expert_bytes

Quantization = Literal["none", "nf4"]
Precision = Literal["auto", "bfloat16", "float32"]


def load_tokenizer(folder: Path) -> Any:  # noqa: ANN401 - transformers is untyped
    """Return a folder's tokenizer; ModelError if it holds none."""
    _read_config(folder)
    try:
        return AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: no readable tokenizer; copy tokenizer.json and its config there") from error


def context_tokens(folder: Path) -> int | None:
    """Return how many tokens a folder's model was made for, None where its config.json doesn't say."""
    config = _read_config(folder)
    inner = config.get("text_config", {})
    found = [place.get(name) for place in (config, inner) for name in ("max_position_embeddings", "n_positions")]
    return next((int(number) for number in found if number), None)


def load_model(
    folder: Path,
    *,
    quantization: Quantization,
    dtype: Precision = "auto",
    transient_mebibytes: int = TRANSIENT_MEBIBYTES,
    device: torch.device | None = None,
) -> PreTrainedModel:
    """Return a causal language model in evaluation mode, on `device` (None: see `default_device`).

    `dtype` is what it computes in; "auto" is what the machine multiplies fastest (see `fastest_dtype`). A folder saved in NF4 is
    loaded as it is, with `quantization` "nf4". At most `transient_mebibytes` of expert weights are to be dequantized at a time:
    the experts' `transient_bytes`, which their forward reads. Raises ModelError for a folder that is no model, and for weights
    that were to be in NF4 and are not.
    """
    device = device or default_device()
    compute = fastest_dtype(device) if dtype == "auto" else torch.bfloat16 if dtype == "bfloat16" else torch.float32
    settings = _settings(folder, quantization, compute) | {"local_files_only": True, "device_map": {"": device}}
    model = _load(folder, settings)
    if quantization == "nf4":
        check_expert_bytes(model)
        _check_linear_layers(model)
        _compute_in(model, compute)
    keep_routers_in_fp32(model)
    _keep_linear_weights_unpacked(model)
    for _, experts in experts_of(model):
        experts.transient_bytes = transient_mebibytes << 20
    if has_experts(model):
        _let_go_of_files(model)
    model.requires_grad_(False)
    model.train(mode=False)
    return model


def _let_go_of_files(model: nn.Module) -> None:
    """Give back what loading took beyond the weights: 0.6 GB of 1.8 on the upcycled 135M model in bf16, 1.3 of 3.3 in fp32."""
    # On a CPU the weights that were not fused or quantized are views of the checkpoint's mapping, which stays resident whole.
    for parameter in model.parameters():
        if parameter.device.type == "cpu":
            parameter.data = parameter.data.clone()
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


def default_device() -> torch.device:
    """Return this process's accelerator (the one of its LOCAL_RANK, which torchrun sets), or the CPU where there is none."""
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if accelerator is None:
        return torch.device("cpu")
    return torch.device(accelerator.type, int(os.environ.get("LOCAL_RANK", "0")))


def fastest_dtype(device: torch.device) -> torch.dtype:
    """Return bf16 on accelerators and on CPUs with bf16 instructions, else fp32: there bf16 products are about 4x slower."""
    if device.type != "cpu":
        return torch.bfloat16
    capabilities = torch.cpu.get_capabilities()
    has_bf16 = capabilities.get("amx_bf16", False) or capabilities.get("avx512_bf16", False)
    return torch.bfloat16 if has_bf16 else torch.float32


def keep_routers_in_fp32(model: nn.Module) -> None:
    """Make routers compute in fp32 whatever comes in: in bf16 small differences flip which experts are chosen."""
    for _, router in routers_of(model):
        router.float()
        router.register_forward_pre_hook(lambda _, arguments: (arguments[0].float(),))


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: not a model folder: config.json is missing or broken") from error
    if "model_type" not in config:
        raise ModelError(f"{folder}: not a model folder: config.json names no model_type")
    return config


def _load(folder: Path, settings: dict[str, Any]) -> PreTrainedModel:
    """Return a folder's model; ModelError if it is none, or if its weights are not all there and of the right shape."""
    disable_progress_bar()  # type: ignore[no-untyped-call]  # the stage has a bar of its own
    settings |= {"output_loading_info": True, "ignore_mismatched_sizes": True}  # they are told below, in one line
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(str(folder), **settings)
    except (OSError, ValueError, SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{folder}: not a model that can be loaded here: {reason}") from error
    except RuntimeError as error:
        if "conversion of the weights" not in str(error):
            raise
        raise ModelError(
            f"{folder}: the weights of its experts don't fit together: copy the whole model again"
        ) from error
    model: PreTrainedModel = loaded[0]
    faulty = sorted(loaded[1]["missing_keys"]) + sorted(name for name, *_ in loaded[1]["mismatched_keys"])
    if faulty:  # transformers would make them up at random
        raise ModelError(
            f"{folder}: {len(faulty)} weights are missing or of another shape than its config.json says, "
            f"such as {faulty[0]}: copy the whole model again"
        )
    return model


def _settings(folder: Path, quantization: Quantization, compute: torch.dtype) -> dict[str, Any]:
    """Return what transformers is told of a folder's model; ModelError if it can't be loaded that way."""
    config = _read_config(folder)
    is_mixture = config["model_type"] in MIXTURES
    if is_mixture and config.get("hidden_act", "silu") != "silu":
        raise ModelError(f"{folder}: experts with {config['hidden_act']} are not supported, only silu")
    settings: dict[str, Any] = {"dtype": compute}
    if is_mixture:
        settings["experts_implementation"] = IMPLEMENTATION
    if stored := config.get("quantization_config"):
        _check_stored(folder, stored, quantization, METHOD if is_mixture else "bitsandbytes")
    elif quantization == "nf4":
        settings["quantization_config"] = _nf4_config(compute, is_mixture=is_mixture)
    return settings


def _check_stored(folder: Path, stored: dict[str, Any], quantization: Quantization, method: str) -> None:
    if stored.get("quant_method") != method or stored.get("bnb_4bit_quant_type") != "nf4":
        found = stored.get("quant_method", "an unnamed method")
        raise ModelError(f"{folder} is quantized with {found}: give the unquantized model")
    if quantization != "nf4":
        raise ModelError(f"{folder} is stored in NF4: set quantization to nf4, or give the unquantized model")


def _nf4_config(compute: torch.dtype, *, is_mixture: bool) -> BitsAndBytesConfig:
    settings = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True, "bnb_4bit_compute_dtype": compute}
    return ExpertsNF4Config(**settings) if is_mixture else BitsAndBytesConfig(load_in_4bit=True, **settings)  # type: ignore[no-untyped-call]


def _check_linear_layers(model: PreTrainedModel) -> None:
    """Raise ModelError if a linear layer other than the head is not in 4 bits, or would be read wrongly.

    On a CPU with AVX-512, bitsandbytes 0.50.2 reads the wrong scales when a row ends within a block, without a word.
    """
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    modules = [(name, module) for name, module in model.named_modules() if module is not head]
    linear = [(name, module) for name, module in modules if isinstance(module, nn.Linear)]
    plain = [name for name, module in linear if not _is_packed(module)]
    if plain:
        raise ModelError(f"{len(plain)} linear layers are not in NF4, such as {plain[0]}: they take 4 times the memory")
    uneven = [name for name, module in linear if module.in_features % BLOCK_SIZE]
    if uneven and model.device.type == "cpu":
        raise ModelError(
            f"{uneven[0]} has rows that are no multiple of {BLOCK_SIZE}: bitsandbytes reads them wrongly on a CPU; "
            "set quantization to none"
        )


def _is_packed(module: nn.Linear) -> bool:
    return isinstance(module, Linear4bit) and module.weight.dtype == torch.uint8


def _compute_in(model: nn.Module, compute: torch.dtype) -> None:
    """Make a model that was stored in NF4 compute in `compute`; transformers keeps the dtypes of the day it was saved."""
    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.compute_dtype = compute
        elif not isinstance(module, EXPERTS + ROUTERS):
            for parameter in module.parameters(recurse=False):
                parameter.data = parameter.data.to(compute)


def _keep_linear_weights_unpacked(model: nn.Module) -> None:
    # In evaluation bitsandbytes repacks CPU weights for a kernel that has no backward, for good: a model that was evaluated
    # before it trains would silently lose the gradients through these layers.
    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False
