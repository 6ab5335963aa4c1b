"""What a model or adapter folder holds: parameters and bytes by part, quantization, adapter settings.

Reads config.json and the headers of safetensors; no weight is read and no model is made. Sizes are those on disk: what a model
takes when it is loaded, and trained, is for `qantara train --plan`.
"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import ADAPTER_FILE, Group, adapter_settings, group_of
from qantara.models.checkpoint_files import StoredTensor, read_headers
from qantara.models.layouts import PROJECTIONS
from qantara.models.nf4_experts import PARTS

# Beside the packed bytes of a weight in 4 bits: scales and such, of a linear layer (bitsandbytes' names) or of fused experts (ours)
_SCALES = re.compile(
    rf".*\.weight\.(absmax|nested_\w+|quant_map|quant_state\..*)|.*\.experts\.\w+_proj_({'|'.join(PARTS)})"
)
_GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSize:
    """Parameters (of packed weights: those that they stand for) and bytes on disk, scales included."""

    parameters: int
    num_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a folder holds. `kind` is "model" or "adapter"; `base` is what an adapter was trained on, "" for a model.

    `active_parameters` are those that a token passes (its `top_k` experts); of an adapter too. `dtypes` are bytes by stored type.
    """

    kind: str
    model_type: str
    quantization: str
    parts: dict[Group, PartSize]
    dtypes: dict[str, int]
    active_parameters: int
    experts: int
    top_k: int
    base: str = ""
    adapter: AdapterConfig | None = None

    @property
    def parameters(self) -> int:
        """All parameters."""
        return sum(part.parameters for part in self.parts.values())

    @property
    def num_bytes(self) -> int:
        """All bytes of weights on disk."""
        return sum(part.num_bytes for part in self.parts.values())

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        sizes = {group: {"parameters": size.parameters, "bytes": size.num_bytes} for group, size in self.parts.items()}
        return {
            "kind": self.kind,
            "model_type": self.model_type,
            "quantization": self.quantization,
            "parameters": self.parameters,
            "active_parameters": self.active_parameters,
            "bytes": self.num_bytes,
            "experts": self.experts,
            "top_k": self.top_k,
            "parts": sizes,
            "dtypes": self.dtypes,
            "base": self.base,
            "adapter": self.adapter.model_dump() if self.adapter is not None else None,
        }


def inspect(folder: Path) -> Inspection:
    """Return what a model's or an adapter's folder holds; ModelError for a folder that is neither."""
    if (folder / ADAPTER_FILE).is_file():
        return _inspect_adapter(folder)
    config = _read_json(folder / "config.json")
    stored = list(read_headers(folder))
    if not stored:
        raise ModelError(f"{folder} holds no weights (*.safetensors)")
    quantized = config.get("quantization_config") or {}
    parts = _parts(stored)
    experts, top_k = _experts(config)
    return Inspection(
        kind="model",
        model_type=config.get("model_type", "unknown"),
        quantization=str(quantized.get("bnb_4bit_quant_type") or quantized.get("quant_method") or "none"),
        parts=parts,
        dtypes=_dtypes(stored),
        active_parameters=_active(parts, experts, top_k),
        experts=experts,
        top_k=top_k,
    )


def inspection_lines(inspection: Inspection) -> list[str]:
    """Return the inspection for a terminal: what it is, a table of its parts, and the adapter's settings."""
    i = inspection
    title = f"adapter of {i.base}" if i.adapter is not None else f"model of type {i.model_type}"
    lines = [f"{title}, quantization {i.quantization}", f"{'part':12}{'parameters':>18}{'bytes':>20}{'GiB':>9}"]
    total = PartSize(parameters=i.parameters, num_bytes=i.num_bytes)
    for name, size in [*i.parts.items(), ("all", total)]:
        lines.append(f"{name:12}{size.parameters:>18,}{size.num_bytes:>20,}{size.num_bytes / _GIB:>9.2f}")
    if i.experts:
        lines.append(
            f"{i.experts} experts a layer, {i.top_k} for a token: {i.active_parameters:,} parameters are active"
        )
    lines.append("stored as " + ", ".join(f"{dtype} ({size:,} bytes)" for dtype, size in i.dtypes.items()))
    if i.adapter is not None:
        lines.append(", ".join(f"{name} {value}" for name, value in i.adapter.model_dump().items()))
    return lines


def _inspect_adapter(folder: Path) -> Inspection:
    config = _read_json(folder / ADAPTER_FILE)
    stored = list(read_headers(folder))
    parts = _parts(stored)
    base = config.get("base_model_name_or_path") or "unknown"
    here = Path(base) / "config.json"
    experts, top_k = _experts(_read_json(here)) if here.is_file() else (0, 0)
    return Inspection(
        kind="adapter",
        model_type=str(config.get("peft_type", "unknown")).lower(),
        quantization="none",
        parts=parts,
        dtypes=_dtypes(stored),
        active_parameters=_active(parts, experts, top_k),
        experts=experts,
        top_k=top_k,
        base=base,
        adapter=adapter_settings(folder),
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is missing or broken: give the folder of a model or of an adapter") from error
    return config


def _parts(stored: Iterable[StoredTensor]) -> dict[Group, PartSize]:
    parameters: dict[Group, int] = defaultdict(int)
    num_bytes: dict[Group, int] = defaultdict(int)
    for tensor in stored:
        group = group_of(tensor.name)
        parameters[group] += _num_parameters(tensor)
        num_bytes[group] += tensor.num_bytes
    largest_first = sorted(parameters, key=lambda group: -parameters[group])
    return {group: PartSize(parameters=parameters[group], num_bytes=num_bytes[group]) for group in largest_first}


def _num_parameters(tensor: StoredTensor) -> int:
    if _SCALES.fullmatch(tensor.name):
        return 0
    packed = tensor.dtype == "U8" and tensor.name.endswith((".weight", *PROJECTIONS))
    return math.prod(tensor.shape) * (2 if packed else 1)


def _dtypes(stored: Iterable[StoredTensor]) -> dict[str, int]:
    sizes: dict[str, int] = defaultdict(int)
    for tensor in stored:
        sizes[tensor.dtype] += tensor.num_bytes
    return dict(sorted(sizes.items()))


def _experts(config: dict[str, Any]) -> tuple[int, int]:
    """Return experts a layer and experts a token, (0, 0) for a dense model."""
    experts = config.get("num_local_experts", config.get("num_experts", 0))
    return (int(experts), int(config.get("num_experts_per_tok", 0))) if experts else (0, 0)


def _active(parts: dict[Group, PartSize], experts: int, top_k: int) -> int:
    total = sum(part.parameters for part in parts.values())
    if not experts or "experts" not in parts:
        return total
    return total - parts["experts"].parameters * (experts - top_k) // experts
