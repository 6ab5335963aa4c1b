"""Adapters on a loaded model: attach new ones, save, load, switch off, and say which part of the model a tensor belongs to.

Attention and dense MLPs take PEFT's own LoRA, routers PEFT's LoRA on a parameter, fused experts our `ExpertsLora`. All adapter
tensors are fp32, whatever the model computes in.
"""

import contextlib
import shutil
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from transformers import PreTrainedModel
from transformers.models.mixtral.modeling_mixtral import MixtralExperts

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.expert_adapters import ExpertsLora

__all__ = [
    "AdapterConfig",
    "Group",
    "adapters_disabled",
    "attach",
    "group_of",
    "has_experts",
    "load_adapter",
    "save_adapter",
    "trainable_groups",
]

Group = Literal["attention", "experts", "router", "mlp", "other"]
_ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
_MLP = ["gate_proj", "up_proj", "down_proj"]
_ADAPTER_FILE = "adapter_config.json"


def has_experts(model: nn.Module) -> bool:
    """Tell whether a model has fused experts."""
    return any(isinstance(module, MixtralExperts) for module in model.modules())


def attach(model: PreTrainedModel, config: AdapterConfig, seed: int = 0) -> PeftModel:
    """Return the model with new adapters, the only tensors that train; equal seeds give equal adapters."""
    targets = _ATTENTION if config.attention else []
    parameters = None
    if has_experts(model):
        targets = targets + ["experts"] * config.experts
        parameters = ["mlp.gate.weight"] if config.router else None
    elif config.experts:
        targets = targets + _MLP
    if not targets and not parameters:
        raise ModelError("a dense model has no router: set adapter.attention or adapter.experts to true")
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,  # type: ignore[arg-type]  # any number will do
        lora_dropout=0.0,
        task_type="CAUSAL_LM",
        target_modules=targets,
        target_parameters=parameters,
    )
    with torch.random.fork_rng(devices=[]), _older_peft():
        torch.manual_seed(seed)
        return get_peft_model(model, _with_experts_layer(lora))


def group_of(parameter_name: str) -> Group:
    """Return the part of the model that a parameter belongs to, by its dotted name."""
    parts = parameter_name.split(".")
    if "self_attn" in parts:
        return "attention"
    if "experts" in parts:
        return "experts"
    if "mlp" in parts:
        return "router" if "gate" in parts else "mlp"
    return "other"


def trainable_groups(model: nn.Module) -> dict[Group, int]:
    """Return how many numbers train, by part of the model."""
    counts: Counter[Group] = Counter()
    for name, tensor in model.named_parameters():
        if tensor.requires_grad:
            counts[group_of(name)] += tensor.numel()
    return dict(counts)


def save_adapter(model: PeftModel, folder: Path) -> None:
    """Write the adapter as a folder that is whole or not there; an older one is replaced."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    model.save_pretrained(str(part), save_embedding_layers=False)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def load_adapter(base_model: PreTrainedModel, folder: Path) -> PeftModel:
    """Return the model with a saved adapter, for inference; ModelError for a folder that holds none."""
    if not (folder / _ADAPTER_FILE).is_file():
        raise ModelError(f"{folder}: no adapter here ({_ADAPTER_FILE} is missing); train first, or name another folder")
    lora = _with_experts_layer(LoraConfig.from_pretrained(str(folder)))
    with _older_peft():
        return PeftModel.from_pretrained(base_model, str(folder), config=lora).eval()


@contextlib.contextmanager
def adapters_disabled(model: PeftModel) -> Iterator[None]:
    """Within this, the model answers as if it had no adapters."""
    with model.disable_adapter():
        yield


def _with_experts_layer(lora: LoraConfig) -> LoraConfig:
    lora._register_custom_module({MixtralExperts: ExpertsLora})
    return lora


@contextlib.contextmanager
def _older_peft() -> Iterator[None]:
    # peft 0.21 asks transformers 5.23 for a property by its old name.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield
