"""Checkpoints as files: safetensors read and written one tensor at a time, their headers, and the files beside the weights.

Reads and writes folders in the Hugging Face layout; loads no model and knows no layout. Pickled weights are not covered.
"""

import json
import shutil
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from qantara.errors import ModelError

MAX_SHARD_BYTES = 2 << 30
INDEX = "model.safetensors.index.json"
_MAX_HEADER_BYTES = 100_000_000  # the format's own limit
_NOT_COPIED = {"config.json", INDEX}


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor as a file's header tells of it; `dtype` in the format's own words (BF16, F32, U8 ...)."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    num_bytes: int


def read_headers(folder: Path) -> Iterator[StoredTensor]:
    """Yield what a folder's safetensors hold, without reading a weight; ModelError for a file that is none.

    A file starts with the length of its header (8 bytes, little-endian) and the header as JSON (safetensors' format description).
    """
    for path in sorted(folder.glob("*.safetensors")):
        try:
            with path.open("rb") as file:
                (length,) = struct.unpack("<Q", file.read(8))
                header = json.loads(file.read(min(length, _MAX_HEADER_BYTES)))
        except (struct.error, ValueError) as error:
            raise ModelError(f"{path} is not a whole safetensors file: fetch it again") from error
        for name, stored in header.items():
            if name != "__metadata__":
                first, last = stored["data_offsets"]
                yield StoredTensor(name, stored["dtype"], tuple(stored["shape"]), last - first)


def stored_tensors(folder: Path) -> Iterator[tuple[str, Tensor]]:
    """Yield every weight by name, one in memory at a time, in an order that depends only on the files and names."""
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in sorted(file.keys()):
                yield name, file.get_tensor(name)


def write_shards(tensors: Iterable[tuple[str, Tensor]], out: Path) -> None:
    """Write tensors into files of at most MAX_SHARD_BYTES: one `model.safetensors`, or numbered ones with an index."""
    shards: list[list[str]] = []
    pending: dict[str, Tensor] = {}
    total_bytes = pending_bytes = 0
    for name, tensor in tensors:
        if pending and pending_bytes + tensor.nbytes > MAX_SHARD_BYTES:
            _write_shard(pending, shards, out)
            pending, pending_bytes = {}, 0
        pending[name] = tensor
        pending_bytes += tensor.nbytes
        total_bytes += tensor.nbytes
    _write_shard(pending, shards, out)
    _name_shards(shards, total_bytes, out)


def copy_tokenizer(folder: Path, out: Path) -> None:
    """Copy what is neither configuration nor weights: tokenizer, chat template, generation defaults."""
    for path in folder.iterdir():
        wanted = path.suffix in {".json", ".jinja", ".model", ".txt"} and path.name not in _NOT_COPIED
        if path.is_file() and wanted:
            shutil.copyfile(path, out / path.name)


def _write_shard(tensors: dict[str, Tensor], shards: list[list[str]], out: Path) -> None:
    save_file(tensors, out / f"{len(shards)}.safetensors", metadata={"format": "pt"})
    shards.append(list(tensors))


def _name_shards(shards: list[list[str]], total_bytes: int, out: Path) -> None:
    if len(shards) == 1:
        (out / "0.safetensors").rename(out / "model.safetensors")
        return
    weight_map: dict[str, str] = {}
    for number, names in enumerate(shards):
        file = f"model-{number + 1:05d}-of-{len(shards):05d}.safetensors"
        (out / f"{number}.safetensors").rename(out / file)
        weight_map |= dict.fromkeys(names, file)
    index = {"metadata": {"total_size": total_bytes}, "weight_map": dict(sorted(weight_map.items()))}
    (out / INDEX).write_text(json.dumps(index, indent=1), encoding="utf-8")
