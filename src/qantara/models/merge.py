"""A base model and an adapter into one model that plain transformers loads: tensor by tensor, checked before it gets its name.

Reads the base's safetensors and an adapter folder of ours; writes a folder with weights under the base's own names, configuration,
tokenizer and a model card. QLoRA trains on the dequantized base: merging onto the original weights changes the base under the
adapter a little, merging onto the dequantized ones keeps exactly what was trained. Needs memory for the model once, in its stored
dtype, for the check; for the merge itself only for a shard and the adapter.
"""

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import bitsandbytes as bnb
import torch
from bitsandbytes.nn.modules import Linear4bit
from torch import Tensor
from transformers import AutoConfig, PreTrainedModel

from qantara.errors import ModelError
from qantara.models.adapters import adapter_settings, load_adapter
from qantara.models.checkpoint_files import copy_tokenizer, read_headers, stored_tensors, write_shards
from qantara.models.layouts import EXPERTS, MIXTURES
from qantara.models.loading import Quantization, load_model
from qantara.models.merge_check import Comparison, compare, record
from qantara.models.merged_weights import Adapter, expert_part, module_name
from qantara.models.model_card import CardFacts, model_card
from qantara.models.nf4_experts import expert_weight
from qantara.store import write_text

Onto = Literal["original", "dequantized"]
Precision = Literal["bfloat16", "float32"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSettings:
    """How to merge: onto which weights, stored as what (merged in fp32, rounded once), and what the card tells."""

    onto: Onto = "original"
    dtype: Precision = "bfloat16"
    facts: CardFacts = field(default_factory=CardFacts)


def merge(base: Path, adapter: Path, out: Path, settings: MergeSettings) -> Comparison:
    """Write the merged model into `out`, which must not exist, and return how far it is from base and adapter.

    Raises ModelError, and leaves nothing behind, for a base that is quantized or not the adapter's, and when the written model
    differs from the adapted one by more than the rounding of its weights.
    """
    if out.exists():
        raise ModelError(f"{out} is there already: choose another folder or delete it")
    config, shape = _config(base), adapter_settings(adapter)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".part-") as work:
        made = Path(work) / "model"
        made.mkdir()
        copy_tokenizer(base, made)
        write_text(made / "config.json", json.dumps(config | {"dtype": settings.dtype}, indent=2))
        comparison = _write_checked(base, adapter, made, settings)
        how = f"onto the {settings.onto} base weights, in fp32, rounded once to {settings.dtype}"
        write_text(made / "README.md", model_card(settings.facts, shape, how, comparison))
        made.rename(out)
    return comparison


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder} holds no config.json: give the folder of the base model")
    config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if "quantization_config" in config:
        raise ModelError(
            f"{folder} holds a quantized model: give the original one (--onto dequantized quantizes it anew)"
        )
    return config


def _write_checked(base: Path, folder: Path, made: Path, settings: MergeSettings) -> Comparison:
    """Write the merged weights into `made`, load them, and compare with base and adapter."""
    stored_as: torch.dtype = getattr(torch, settings.dtype)
    adapter = Adapter(folder, tied=bool(AutoConfig.from_pretrained(str(base)).tie_word_embeddings))
    adapter.check_fits(stored.name for stored in read_headers(base))
    quantized = _load(base, "nf4") if settings.onto == "dequantized" else None
    merged = (
        (
            name,
            adapter.merged(name, weight if quantized is None else _dequantized(quantized, name, weight)).to(stored_as),
        )
        for name, weight in stored_tensors(base)
    )
    write_shards(merged, made)
    recording = record(load_adapter(quantized or _load(base, "none"), folder))
    del quantized, adapter  # one model in memory at a time
    return compare(recording, _load(made, "none"), stored_as)


def _load(folder: Path, quantization: Quantization) -> PreTrainedModel:
    """Return a model that computes in fp32, on the CPU; experts stored in bf16 stay so, and are widened when they are used."""
    cpu = torch.device("cpu")
    keep_bf16 = quantization == "none" and _mixture_in_bf16(folder)
    model = load_model(folder, quantization=quantization, dtype="bfloat16" if keep_bf16 else "float32", device=cpu)
    if keep_bf16:
        for module in model.modules():
            if not isinstance(module, EXPERTS):
                for parameter in module.parameters(recurse=False):
                    parameter.data = parameter.data.float()
    return model


def _mixture_in_bf16(folder: Path) -> bool:
    if _config(folder)["model_type"] not in MIXTURES:
        return False
    return all(stored.dtype == "BF16" for stored in read_headers(folder))


def _dequantized(model: PreTrainedModel, stored_name: str, weight: Tensor) -> Tensor:
    """Return a stored weight in fp32 as a quantized model has it: after the way into NF4 and back, where it went that way."""
    if part := expert_part(stored_name):
        experts = model.get_submodule(part.module)
        return part.of(expert_weight(experts, part.projection, part.expert, torch.float32)).clone()
    module = model.get_submodule(module_name(stored_name).rpartition(".")[0])
    if isinstance(module, Linear4bit) and stored_name.endswith(".weight"):
        packed: Any = module.weight
        dequantized: Tensor = bnb.functional.dequantize_4bit(packed.data, packed.quant_state)
        return dequantized.float()
    return weight
