"""Upcycling: the logits stay, the layout is Mixtral's, the same seed gives the same bytes."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from qantara.errors import ModelError
from qantara.models import checkpoint_files as module
from qantara.models.upcycle import upcycle, upcycled

TINY = {
    "vocab_size": 97,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0},
}


def save_dense(folder: Path, **changes) -> Path:
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(**(TINY | changes))).to(torch.bfloat16).save_pretrained(folder)
    (folder / "chat_template.jinja").write_text("{{ messages }}", encoding="utf-8")
    return folder


def logits(folder: Path) -> torch.Tensor:
    ids = torch.randint(0, 97, (2, 24), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(input_ids=ids).logits


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("top_k", [1, 2, 4])
def test_the_logits_are_those_of_the_dense_model(tmp_path, tied, top_k):
    dense = save_dense(tmp_path / "dense", tie_word_embeddings=tied)
    moe = upcycle(dense, tmp_path / "moe", experts=4, top_k=top_k, seed=7)
    assert (logits(moe) - logits(dense)).abs().max() <= 1e-4


def test_the_layout_is_mixtral_with_equal_experts_and_a_router_that_differs_by_layer(tmp_path):
    dense = save_dense(tmp_path / "dense")
    model = AutoModelForCausalLM.from_pretrained(upcycle(dense, tmp_path / "moe", experts=4, top_k=2, seed=7))
    assert (model.config.model_type, model.config.num_local_experts, model.config.num_experts_per_tok) == (
        "mixtral",
        4,
        2,
    )
    assert model.config.rope_parameters["rope_theta"] == 5000.0
    weights = model.state_dict()
    experts = weights["model.layers.1.mlp.experts.down_proj"]
    assert experts.dtype == torch.bfloat16
    assert all(torch.equal(experts[0], expert) for expert in experts)
    routers = [weights[f"model.layers.{layer}.mlp.gate.weight"] for layer in range(3)]
    assert all(0.01 < router.float().std() < 0.03 for router in routers)
    assert not torch.equal(routers[0], routers[1])


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_ones(tmp_path):
    dense = save_dense(tmp_path / "dense")
    first, again, other = (
        (upcycle(dense, tmp_path / name, experts=2, top_k=1, seed=seed) / "model.safetensors").read_bytes()
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again
    assert first != other


def test_a_large_model_is_sharded_with_an_index_and_loads_the_same(tmp_path, monkeypatch):
    dense = save_dense(tmp_path / "dense")
    monkeypatch.setattr(module, "MAX_SHARD_BYTES", 40_000)
    moe = upcycle(dense, tmp_path / "moe", experts=4, top_k=2, seed=7)
    index = json.loads((moe / "model.safetensors.index.json").read_text(encoding="utf-8"))
    shards = {path.name for path in moe.glob("*.safetensors")}
    assert len(shards) > 2
    assert set(index["weight_map"].values()) == shards
    assert all((moe / shard).stat().st_size < 50_000 for shard in shards)
    assert (logits(moe) - logits(dense)).abs().max() <= 1e-4


def test_a_sharded_dense_model_is_read_too(tmp_path):
    dense = save_dense(tmp_path / "dense")
    AutoModelForCausalLM.from_pretrained(dense).save_pretrained(tmp_path / "shards", max_shard_size="40KB")
    moe = upcycle(tmp_path / "shards", tmp_path / "moe", experts=2, top_k=2, seed=7)
    assert not (moe / "model.safetensors.index.json").exists()
    assert (logits(moe) - logits(dense)).abs().max() <= 1e-4


def test_the_chat_template_is_copied(tmp_path):
    moe = upcycle(save_dense(tmp_path / "dense"), tmp_path / "moe", experts=2, top_k=1, seed=0)
    assert (moe / "chat_template.jinja").read_text(encoding="utf-8") == "{{ messages }}"


def test_the_cached_version_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("QANTARA_CACHE", str(tmp_path / "cache"))
    dense = save_dense(tmp_path / "dense")
    made = upcycled(dense, 2, 1, 0)
    time = (made / "model.safetensors").stat().st_mtime_ns
    assert upcycled(dense, 2, 1, 0) == made
    assert (made / "model.safetensors").stat().st_mtime_ns == time
    assert upcycled(dense, 2, 1, 5) != made


@pytest.mark.parametrize(
    ("changes", "experts", "top_k", "message"),
    [
        ({"mlp_bias": True}, 2, 1, "with biases"),
        ({}, 2, 3, "top_k 3 must be from 1 to the number of experts, 2"),
        ({}, 2, 0, "top_k 0"),
    ],
)
def test_what_cannot_be_upcycled_is_an_error(tmp_path, changes, experts, top_k, message):
    dense = save_dense(tmp_path / "dense", **changes)
    with pytest.raises(ModelError, match=message):
        upcycle(dense, tmp_path / "moe", experts=experts, top_k=top_k, seed=0)
    assert not (tmp_path / "moe").exists()


def test_another_layout_is_an_error_that_names_it(tmp_path):
    GPT2LMHeadModel(GPT2Config(vocab_size=50, n_embd=16, n_layer=1, n_head=2)).save_pretrained(tmp_path / "gpt2")
    with pytest.raises(ModelError, match="gpt2 model: only the Llama layout"):
        upcycle(tmp_path / "gpt2", tmp_path / "moe", experts=2, top_k=1, seed=0)


def test_a_folder_that_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "moe").mkdir()
    with pytest.raises(ModelError, match="is there already"):
        upcycle(save_dense(tmp_path / "dense"), tmp_path / "moe", experts=2, top_k=1, seed=0)
