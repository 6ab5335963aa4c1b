"""A Mixture-of-Experts model out of a dense one: Llama layout in, Mixtral layout out, with the same logits.

Reads a folder with config.json and safetensors, writes such a folder in bf16, tensor by tensor. Every expert starts as a copy of
the dense MLP and the router's weights for a token add up to 1, so whatever the router chooses the output is the dense one's.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from transformers import LlamaConfig, MixtralConfig

from qantara.errors import ModelError
from qantara.models.checkpoint_files import copy_tokenizer, stored_tensors, write_shards
from qantara.models.fingerprints import cache_folder, fingerprint

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
        write_shards(_moe_tensors(folder, dense, experts, seed), made)
        mixture_config(dense, experts, top_k).save_pretrained(made)
        copy_tokenizer(folder, made)
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


def mixture_config(dense: LlamaConfig, experts: int, top_k: int) -> MixtralConfig:
    """Return the configuration of the Mixtral-layout model that a Llama-layout one becomes."""
    fields = {name: value for name, value in dense.to_dict().items() if name in KEPT_FIELDS}
    return MixtralConfig(
        **fields,
        num_local_experts=experts,
        num_experts_per_tok=top_k,
        sliding_window=None,
        architectures=["MixtralForCausalLM"],
        dtype="bfloat16",
    )


def _moe_tensors(folder: Path, dense: LlamaConfig, experts: int, seed: int) -> Iterator[tuple[str, torch.Tensor]]:
    num_projections = 0
    for name, stored in stored_tensors(folder):
        tensor = stored.to(torch.bfloat16)
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
