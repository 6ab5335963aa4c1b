"""What an adapter makes of a base model's weights, one stored tensor at a time, in fp32.

Reads an adapter folder of ours; maps the names that checkpoints have on disk (one tensor an expert and projection) to the fused
modules that were adapted. Every tensor of the adapter must find its place: `check_fits` says which does not.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from qantara.errors import ModelError
from qantara.models.adapters import ADAPTER_FILE, TENSORS_FILE

# Mixtral's names on disk, and those of Qwen and OLMoE: (fused projection, which half of its outputs; None: all)
_PROJECTIONS = {
    **{"w1": ("gate_up_proj", 0), "w3": ("gate_up_proj", 1), "w2": ("down_proj", None)},
    **{"gate_proj": ("gate_up_proj", 0), "up_proj": ("gate_up_proj", 1), "down_proj": ("down_proj", None)},
}
_EXPERT = re.compile(r"(?P<block>.+\.mlp)\.experts\.(?P<expert>\d+)\.(?P<projection>\w+)\.weight")
_PREFIX = "base_model.model."
_HEAD = "lm_head.weight"


class ExpertPart(NamedTuple):
    """Which part of a module of fused experts a stored tensor is: `half` of the projection's outputs, None for all."""

    module: str
    projection: str
    expert: int
    half: int | None

    def of(self, outputs: Tensor) -> Tensor:
        """Return this part of a weight (out, in) of the expert."""
        return outputs if self.half is None else outputs.chunk(2)[self.half]


def module_name(stored_name: str) -> str:
    """Return a weight's name in the loaded model (of one expert: as it would be there, were it not fused)."""
    return stored_name.replace(".block_sparse_moe.", ".mlp.")


def expert_part(stored_name: str) -> ExpertPart | None:
    """Return which part of fused experts a stored tensor is; None if it is none of an expert."""
    match = _EXPERT.fullmatch(module_name(stored_name))
    if match is None:
        return None
    projection, half = _PROJECTIONS[match["projection"]]
    return ExpertPart(f"{match['block']}.experts", projection, int(match["expert"]), half)


class Adapter:
    """A saved adapter's tensors and their scale; `tied`: the base holds embeddings and head as one tensor."""

    def __init__(self, folder: Path, *, tied: bool) -> None:
        config: dict[str, Any] = json.loads((folder / ADAPTER_FILE).read_text(encoding="utf-8"))
        self._folder, self._scale = folder, config["lora_alpha"] / config["r"]
        self._made_for, self._tied = config["base_model_name_or_path"], tied
        stored = load_file(folder / TENSORS_FILE)
        self._tensors = {name.removeprefix(_PREFIX): tensor.float() for name, tensor in stored.items()}

    def check_fits(self, stored_names: Iterable[str]) -> None:
        """Raise ModelError if a tensor of the adapter has no weight among a base's: then it was trained on another model."""
        unused = set(self._tensors).difference(*(self._tensors_for(name) for name in stored_names))
        unused -= {_HEAD} if self._tied else set()  # the embeddings' own tensor, which a tied checkpoint holds once
        if unused:
            raise ModelError(
                f"{self._folder}: the base has no weights for {len(unused)} tensors of this adapter, such as {min(unused)}; "
                f"give the model that it was trained on: {self._made_for}"
            )

    def merged(self, stored_name: str, weight: Tensor) -> Tensor:
        """Return a stored weight in fp32 with the adapter in it; the same weight where nothing is adapted."""
        base = weight.float()
        found = self._tensors_for(stored_name)
        if not found:
            return base
        part = expert_part(stored_name)
        if part is not None:
            a, b = (self._tensors[name][part.expert] for name in found)
            return torch.add(base, part.of((a @ b).t()), alpha=self._scale)
        if len(found) == 1:  # trained in full
            return self._tensors[found[0]]
        a, b, *magnitude = (self._tensors[name] for name in found)
        result = torch.add(base, b @ a, alpha=self._scale)
        # DoRA, arXiv 2402.09353, equation 5; the norm of an output's weights
        return result * (magnitude[0] / result.norm(dim=1))[:, None] if magnitude else result

    def _tensors_for(self, stored_name: str) -> list[str]:
        """Return the names of the adapter's tensors that change a stored weight: A, B and a magnitude, or a whole weight."""
        if part := expert_part(stored_name):
            names = [f"{part.module}.{side}.{part.projection}" for side in ("lora_A", "lora_B")]
        else:
            name = module_name(stored_name)
            module = name.removesuffix(".weight")
            names = [name, f"{module}.lora_A.weight", f"{module}.lora_B.weight", f"{module}.lora_magnitude_vector"]
        return [name for name in names if name in self._tensors]
