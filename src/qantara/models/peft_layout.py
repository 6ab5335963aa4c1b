"""Adapters of fused experts in PEFT's own layout, and back: folder in, folder out, no model loaded.

PEFT 0.21 adapts fused experts as parameters (`target_parameters`), one wrapper inside the other: `down_proj` outside,
`gate_up_proj` in its `base_layer`. It packs `lora_A` expert-slowest, (experts x rank, in), but `lora_B` expert-fastest,
(out, rank x experts). Ours are (experts, in, rank) and (experts, rank, out). All other tensors are the same in both. Not covered:
adapters made for transformers 4 (one a projection of each expert), ranks that differ between layers, rank-stabilized scaling.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from qantara.errors import ModelError
from qantara.models.adapters import ADAPTER_FILE, EXPERTS_TARGET, ROUTER_TARGET, TENSORS_FILE
from qantara.models.layouts import PROJECTIONS

EXPERT_PARAMETERS = [f"mlp.experts.{projection}" for projection in PROJECTIONS]
_INNER, _OUTER = PROJECTIONS  # PEFT wraps in the order in which the module holds its parameters


def export_peft(folder: Path, out: Path) -> Path:
    """Write an adapter of ours as one that plain `PeftModel.from_pretrained` loads into `out`, which must not exist; return `out`.

    Dropout is left out: PEFT refuses it on parameters, and it says nothing of a trained adapter. Raises ModelError for DoRA beside
    an adapted router or shared expert, which PEFT can't load: merge those.
    """
    config, tensors = _read(folder)
    parameters = list(config["target_parameters"] or [])
    if config["use_dora"] and parameters:
        raise ModelError(f"{folder}: PEFT has no DoRA beside adapted routers; use `qantara models merge` instead")
    modules = list(config["target_modules"])
    if EXPERTS_TARGET in modules:
        modules.remove(EXPERTS_TARGET)
        parameters += EXPERT_PARAMETERS
    changed = {"target_modules": modules, "target_parameters": sorted(parameters) or None}
    return _write(out, config | changed | {"lora_dropout": 0.0}, _renamed(tensors, _exported))


def import_peft(folder: Path, out: Path) -> Path:
    """Write an adapter that PEFT trained as one of ours into `out`, which must not exist; return `out`.

    Raises ModelError for settings that ours don't have.
    """
    config, tensors = _read(folder)
    if config.get("rank_pattern") or config.get("alpha_pattern") or config.get("use_rslora"):
        raise ModelError(
            f"{folder}: ranks or scales that differ between layers can't be taken over; merge it with PEFT"
        )
    modules, rank = list(config["target_modules"] or []), int(config["r"])
    parameters = [_known_parameter(name, folder) for name in config.get("target_parameters") or []]
    if kept := [name for name in parameters if name in EXPERT_PARAMETERS]:
        if len(kept) < len(EXPERT_PARAMETERS):
            raise ModelError(f"{folder}: only {kept[0]} of the experts is adapted; both projections are needed")
        modules.append(EXPERTS_TARGET)
    others = [name for name in parameters if name not in EXPERT_PARAMETERS]
    changed = {"target_modules": sorted(modules), "target_parameters": sorted(others) or None}
    return _write(out, config | changed, _renamed(tensors, lambda name, tensor: _imported(name, tensor, rank)))


def packed_a(factors: Tensor) -> Tensor:
    """Return PEFT's `lora_A` (experts x rank, in) of factors (experts, in, rank)."""
    experts, width, rank = factors.shape
    return factors.transpose(1, 2).reshape(experts * rank, width).contiguous()


def packed_b(factors: Tensor) -> Tensor:
    """Return PEFT's `lora_B` (out, rank x experts), the expert fastest, of factors (experts, rank, out)."""
    experts, rank, width = factors.shape
    return factors.permute(2, 1, 0).reshape(width, rank * experts).contiguous()


def unpacked_a(packed: Tensor, rank: int) -> Tensor:
    """Return factors (experts, in, rank) of PEFT's `lora_A`."""
    return packed.view(-1, rank, packed.shape[1]).transpose(1, 2).contiguous()


def unpacked_b(packed: Tensor, rank: int) -> Tensor:
    """Return factors (experts, rank, out) of PEFT's `lora_B`."""
    return packed.view(packed.shape[0], rank, -1).permute(2, 1, 0).contiguous()


def _exported(name: str, tensor: Tensor) -> tuple[str, Tensor]:
    for side, packed in (("lora_A", packed_a), ("lora_B", packed_b)):
        for projection, inside in ((_INNER, ".base_layer"), (_OUTER, "")):
            module = name.removesuffix(f".experts.{side}.{projection}")
            if module != name:
                return f"{module}.experts{inside}.{side}.weight", packed(tensor)
    return name, tensor


def _imported(name: str, tensor: Tensor, rank: int) -> tuple[str, Tensor]:
    for side, unpacked in (("lora_A", unpacked_a), ("lora_B", unpacked_b)):
        for projection, inside in ((_INNER, ".base_layer"), (_OUTER, "")):
            module = name.removesuffix(f".experts{inside}.{side}.weight")
            if module != name:
                return f"{module}.experts.{side}.{projection}", unpacked(tensor, rank)
    return name, tensor


def _known_parameter(name: str, folder: Path) -> str:
    """Return our name of a targeted parameter, which PEFT takes with more or less of the path before it."""
    for known in (*EXPERT_PARAMETERS, ROUTER_TARGET):
        if f".{name}".endswith(f".{known}") or known.endswith(f".{name}"):
            return known
    if name.endswith("_proj.weight"):
        return name
    raise ModelError(f"{folder}: an adapter of the parameter {name} can't be taken over")


def _renamed(tensors: Mapping[str, Tensor], change: Callable[[str, Tensor], tuple[str, Tensor]]) -> dict[str, Tensor]:
    return dict(change(name, tensor) for name, tensor in tensors.items())


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    for name in (ADAPTER_FILE, TENSORS_FILE):
        if not (folder / name).is_file():
            raise ModelError(f"{folder}: no adapter here ({name} is missing)")
    config: dict[str, Any] = json.loads((folder / ADAPTER_FILE).read_text(encoding="utf-8"))
    return config, load_file(folder / TENSORS_FILE)


def _write(out: Path, config: Mapping[str, Any], tensors: dict[str, Tensor]) -> Path:
    if out.exists():
        raise ModelError(f"{out} is there already: choose another folder or delete it")
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    save_file(tensors, part / TENSORS_FILE, metadata={"format": "pt"})
    (part / ADAPTER_FILE).write_text(json.dumps(config, indent=2), encoding="utf-8")
    part.rename(out)
    return out
