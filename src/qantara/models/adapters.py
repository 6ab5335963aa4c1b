"""Adapters on a loaded model: attach new ones, save, load, switch off, and say which part of the model a tensor belongs to.

Attention and dense MLPs (a shared expert is one) take PEFT's own LoRA, routers our `RouterLora`, fused experts our `ExpertsLora`;
embeddings train in full. All that trains is fp32, whatever the model computes in. Not covered: merging and PEFT's own layout
(`merge`, `peft_layout`).
"""

import contextlib
import json
import shutil
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from peft.tuners.lora.bnb import dispatch_bnb_4bit
from peft.tuners.lora.layer import dispatch_default
from peft.utils.other import ModulesToSaveWrapper
from safetensors import safe_open
from torch import nn
from transformers import PreTrainedModel

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.expert_adapters import ExpertsLora
from qantara.models.layouts import EXPERTS, ROUTERS, has_experts
from qantara.models.router_adapters import RouterLora

__all__ = [
    "AdapterConfig",
    "Group",
    "adapter_settings",
    "adapters_disabled",
    "attach",
    "group_of",
    "has_experts",
    "load_adapter",
    "save_adapter",
    "trainable_groups",
]

Group = Literal["attention", "experts", "router", "mlp", "embeddings", "other"]
ADAPTER_FILE = "adapter_config.json"
TENSORS_FILE = "adapter_model.safetensors"
ROUTER_TARGET = "mlp.gate.weight"
EXPERTS_TARGET = "experts"
_ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
_MLP = ["gate_proj", "up_proj", "down_proj"]
_EMBEDDINGS = ["embed_tokens", "lm_head"]


def attach(model: PreTrainedModel, config: AdapterConfig, seed: int = 0) -> PeftModel:
    """Return the model with new adapters, the only tensors that train; equal seeds give equal adapters on any number of processes.

    Raises ModelError where the model has nothing of what the adapter is for, and for DoRA on fused experts.
    """
    lora = _lora_config(model, config)
    with torch.random.fork_rng(devices=[]), _quiet_peft():
        torch.default_generator.manual_seed(seed)  # the CPU's, where PEFT and we draw, whatever the device
        return _finished(get_peft_model(model, lora))


def group_of(parameter_name: str) -> Group:
    """Return the part of the model that a parameter belongs to, by its dotted name (in the model, an adapter or a checkpoint)."""
    parts = parameter_name.split(".")
    if "self_attn" in parts:
        return "attention"
    if "experts" in parts:
        return "experts"
    if "mlp" in parts or "block_sparse_moe" in parts:
        return "router" if "gate" in parts else "mlp"
    return "embeddings" if not {*parts}.isdisjoint(_EMBEDDINGS) else "other"


def trainable_groups(model: nn.Module) -> dict[Group, int]:
    """Return how many numbers train, by part of the model."""
    counts: Counter[Group] = Counter()
    for name, tensor in model.named_parameters():
        if tensor.requires_grad:
            counts[group_of(name)] += tensor.numel()
    return dict(counts)


def save_adapter(model: PeftModel, folder: Path, tensors: Mapping[str, torch.Tensor] | None = None) -> None:
    """Write the adapter as a folder that is whole or not there; an older one is replaced.

    `tensors` are those of the whole model by name, where the model itself holds only its share of them (a sharded one).
    """
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    given: dict[str, Any] = {} if tensors is None else {"state_dict": dict(tensors)}
    model.save_pretrained(str(part), save_embedding_layers=False, **given)
    _sort_lists(part / ADAPTER_FILE)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def load_adapter(base_model: PreTrainedModel, folder: Path, *, trainable: bool = False) -> PeftModel:
    """Return the model with a saved adapter, in evaluation mode; `trainable` adapters can be trained on.

    Raises ModelError for a folder that holds none, and for one that doesn't fit the model.
    """
    lora = _with_our_layers(_read_lora_config(folder))
    misfit = f"{folder}: this adapter doesn't fit the model; it was trained on {lora.base_model_name_or_path}"
    try:
        with _quiet_peft():
            model = PeftModel.from_pretrained(base_model, str(folder), config=lora, is_trainable=trainable)
    except (KeyError, RuntimeError, ValueError) as error:
        raise ModelError(misfit) from error
    with safe_open(
        folder / TENSORS_FILE, framework="pt"
    ) as file:  # PEFT drops what has no place, and warns of what is missing
        if {*file.keys()} != {*get_peft_model_state_dict(model, save_embedding_layers=False)}:
            raise ModelError(misfit)
    return _finished(model).eval()


def adapter_settings(folder: Path) -> AdapterConfig:
    """Return what a saved adapter is made of; ModelError for a folder that holds none."""
    lora = _read_lora_config(folder)
    modules, parameters = set(lora.target_modules or ()), set(lora.target_parameters or ())
    return AdapterConfig(
        rank=lora.r,
        alpha=lora.lora_alpha,
        attention=not modules.isdisjoint(_ATTENTION),
        experts=not modules.isdisjoint([EXPERTS_TARGET, *_MLP]),
        router=ROUTER_TARGET in parameters,
        embeddings=bool(lora.modules_to_save),
        dropout=lora.lora_dropout,
        dora=lora.use_dora,
    )


@contextlib.contextmanager
def adapters_disabled(model: PeftModel) -> Iterator[None]:
    """Within this, the model answers as if it had no adapters."""
    with model.disable_adapter():
        yield


def _lora_config(model: PreTrainedModel, config: AdapterConfig) -> LoraConfig:
    modules = _ATTENTION if config.attention else []
    parameters: list[str] = []
    mixture = has_experts(model)
    if config.dora and config.experts and mixture:
        raise ModelError("fused experts can't have DoRA: set adapter.dora or adapter.experts to false")
    if mixture:
        modules = modules + [EXPERTS_TARGET] * config.experts
        parameters = [ROUTER_TARGET] * config.router + _mixture_mlp(model) * config.experts
    elif config.experts:
        modules = modules + _MLP
    if not modules and not parameters:
        raise ModelError("a dense model has no router: set adapter.attention or adapter.experts to true")
    tied = model.get_input_embeddings().weight is model.get_output_embeddings().weight  # type: ignore[no-untyped-call]
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,  # type: ignore[arg-type]  # any number will do
        lora_dropout=config.dropout,
        use_dora=config.dora,
        task_type="CAUSAL_LM",
        target_modules=modules,
        target_parameters=parameters or None,
        modules_to_save=_EMBEDDINGS[: 1 if tied else 2] if config.embeddings else None,
        ensure_weight_tying=config.embeddings and tied,
    )
    return _with_our_layers(lora)


def _mixture_mlp(model: PreTrainedModel) -> list[str]:
    """Return the linear layers of a mixture's shared experts and dense layers, by parameter.

    Not by module: PEFT takes modules of these names in a mixture for its fused experts.
    """
    names = [name for name, _ in model.named_parameters()]
    wanted = [f"{block}.{projection}.weight" for block in ("mlp", "shared_expert") for projection in _MLP]
    return [target for target in wanted if any(name.endswith(f".{target}") for name in names)]


def _sort_lists(path: Path) -> None:
    """Write PEFT's configuration again with its sets in order, so that equal adapters are equal files."""
    config = json.loads(path.read_text(encoding="utf-8"))
    ordered = {key: sorted(value) if isinstance(value, list) else value for key, value in config.items()}
    path.write_text(json.dumps(ordered, indent=2), encoding="utf-8")


def _read_lora_config(folder: Path) -> LoraConfig:
    if not (folder / ADAPTER_FILE).is_file():
        raise ModelError(f"{folder}: no adapter here ({ADAPTER_FILE} is missing); train first, or name another folder")
    lora: LoraConfig = LoraConfig.from_pretrained(str(folder))
    return lora


def _with_our_layers(lora: LoraConfig) -> LoraConfig:
    layers: dict[type[nn.Module], Any] = dict.fromkeys(EXPERTS, ExpertsLora) | dict.fromkeys(ROUTERS, RouterLora)
    lora._register_custom_module(layers | {nn.Linear: _linear_of_parameter})
    return lora


def _linear_of_parameter(linear: nn.Module, adapter_name: str, config: LoraConfig, **settings: Any) -> Any:  # noqa: ANN401
    """Return PEFT's layer for a linear layer that was named by its parameter, which for PEFT would be a bare tensor."""
    if settings.pop("parameter_name") is None:
        return None  # named as a module: PEFT's own choice
    quantized = dispatch_bnb_4bit(linear, adapter_name, config=config, **settings)
    return quantized if quantized is not None else dispatch_default(linear, adapter_name, config=config, **settings)


def _finished(model: PeftModel) -> PeftModel:
    """Return the model with its trained embeddings in fp32: steps of a learning rate are lost in bf16."""
    for name, module in model.named_modules():
        if isinstance(module, ModulesToSaveWrapper):
            compute = module.original_module.weight.dtype
            trained = module.modules_to_save["default"].float()
            if group_of(name) == "embeddings" and name.endswith("embed_tokens"):
                trained.register_forward_hook(lambda _, __, output, dtype=compute: output.to(dtype))
            else:
                trained.register_forward_pre_hook(lambda _, arguments: (arguments[0].float(),))
    return model


@contextlib.contextmanager
def _quiet_peft() -> Iterator[None]:
    # peft 0.21 asks transformers 5.23 for a property by its old name.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        # An error here, not a warning: see load_adapter.
        warnings.filterwarnings("ignore", "Found missing adapter keys", UserWarning)
        warnings.filterwarnings("ignore", "target_.* were set but no", RuntimeWarning)
        yield
