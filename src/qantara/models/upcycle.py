"""A Mixture-of-Experts model out of a dense one: Llama layout in, Mixtral layout out, with the same logits.

Reads a folder with config.json and safetensors, writes such a folder in bf16, tensor by tensor. Every expert starts as a copy of
the dense MLP and the router's weights for a token add up to 1, so whatever the router chooses the output is the dense one's.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import LlamaConfig, MixtralConfig

from qantara.errors import ModelError
from qantara.models.fingerprints import cache_folder, fingerprint

MAX_SHARD_BYTES = 2 << 30
INDEX = "model.safetensors.index.json"
# The names on disk are per expert; transformers fuses them while it loads.
EXPERT_NAMES = {"gate_proj": "w1", "down_proj": "w2", "up_proj": "w3"}
_MLP = re.compile(
    r"(?P<layer>model\.layers\.(?P<number>\d+))\.mlp\.(?P<projection>gate_proj|down_proj|up_proj)\.weight"
)
KEPT_FIELDS = frozenset(
    [
        *(
            "vocab_size",
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
            "num_key_value_heads",
        ),
        *("head_dim", "hidden_act", "max_position_embeddings", "initializer_range", "rms_norm_eps", "rope_parameters"),
        *("pad_token_id", "bos_token_id", "eos_token_id", "tie_word_embeddings", "attention_dropout"),
    ]
)
_NOT_COPIED = {"config.json", INDEX}


def upcycled(folder: Path, experts: int, top_k: int, seed: int) -> Path:
    """Return the upcycled model of a folder from the cache, made first if it isn't there."""
    store = cache_folder() / "upcycled"
    entry = store / f"{fingerprint(folder)[:16]}-experts{experts}-top{top_k}-seed{seed}"
    if not entry.is_dir():
        upcycle(folder, entry, experts=experts, top_k=top_k, seed=seed)
    return entry


def upcycle(folder: Path, out: Path, *, experts: int, top_k: int, seed: int) -> Path:
    """Write the Mixtral-layout model of a Llama-layout one into `out`, which must not exist; return `out`.

    The router is drawn from a normal distribution of the model's own `initializer_range`, seeded by `seed` and the layer.
    Raises ModelError for another layout, for biases (Mixtral has none), and for `top_k` not in 1..experts.
    """
    if out.exists():
        raise ModelError(f"{out} is there already: choose another folder or delete it")
    dense = _llama_config(folder)
    if not 1 <= top_k <= experts:
        raise ModelError(f"top_k {top_k} must be from 1 to the number of experts, {experts}")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".part-") as work:
        made = Path(work) / "model"
        made.mkdir()
        _write_shards(_moe_tensors(folder, dense, experts, seed), made)
        _moe_config(dense, experts, top_k).save_pretrained(made)
        _copy_tokenizer(folder, made)
        if not out.is_dir():  # another process may have been first; its result is the same
            made.rename(out)
    return out


def _llama_config(folder: Path) -> LlamaConfig:
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder} holds no config.json: give the folder of a dense model")
    model_type = json.loads(path.read_text(encoding="utf-8")).get("model_type")
    if model_type != "llama":
        raise ModelError(f"{folder} holds a {model_type} model: only the Llama layout can be upcycled")
    config = LlamaConfig.from_pretrained(folder)
    if config.attention_bias or config.mlp_bias:
        raise ModelError(f"{folder} holds a Llama model with biases: the Mixtral layout has none")
    return config


def _moe_config(dense: LlamaConfig, experts: int, top_k: int) -> MixtralConfig:
    fields = {name: value for name, value in dense.to_dict().items() if name in KEPT_FIELDS}
    return MixtralConfig(
        **fields,
        num_local_experts=experts,
        num_experts_per_tok=top_k,
        sliding_window=None,
        architectures=["MixtralForCausalLM"],
        dtype="bfloat16",
    )


def _dense_tensors(folder: Path) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield every weight by name, one in memory at a time, in an order that depends only on the names."""
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in sorted(file.keys()):
                yield name, file.get_tensor(name).to(torch.bfloat16)


def _moe_tensors(folder: Path, dense: LlamaConfig, experts: int, seed: int) -> Iterator[tuple[str, torch.Tensor]]:
    num_projections = 0
    for name, tensor in _dense_tensors(folder):
        if not (match := _MLP.fullmatch(name)):
            yield name, tensor
            continue
        num_projections += 1
        block = f"{match['layer']}.block_sparse_moe"
        for expert in range(experts):
            yield f"{block}.experts.{expert}.{EXPERT_NAMES[match['projection']]}.weight", tensor.clone()
        if match["projection"] == "gate_proj":
            yield f"{block}.gate.weight", _router(dense, experts, seed, int(match["number"]))
    if num_projections != 3 * dense.num_hidden_layers:
        raise ModelError(
            f"{folder} holds {num_projections} MLP weights, a Llama model of its configuration has three a layer"
        )


def _router(dense: LlamaConfig, experts: int, seed: int, layer: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed * 1_000_003 + layer)
    weight = torch.randn(experts, dense.hidden_size, generator=generator) * dense.initializer_range
    return weight.to(torch.bfloat16)


def _write_shards(tensors: Iterator[tuple[str, torch.Tensor]], out: Path) -> None:
    """Write tensors into files of at most MAX_SHARD_BYTES: one `model.safetensors`, or numbered ones with an index."""
    shards: list[list[str]] = []
    pending: dict[str, torch.Tensor] = {}
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


def _write_shard(tensors: dict[str, torch.Tensor], shards: list[list[str]], out: Path) -> None:
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


def _copy_tokenizer(folder: Path, out: Path) -> None:
    """Copy what is neither configuration nor weights: tokenizer, chat template, generation defaults."""
    for path in folder.iterdir():
        wanted = path.suffix in {".json", ".jinja", ".model", ".txt"} and path.name not in _NOT_COPIED
        if path.is_file() and wanted:
            shutil.copyfile(path, out / path.name)
