import json

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MixtralConfig, MixtralForCausalLM

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import (
    adapters_disabled,
    attach,
    group_of,
    has_experts,
    load_adapter,
    save_adapter,
    trainable_groups,
)
from qantara.models.loading import load_model

SIZES = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 64,
}
TOKENS = torch.arange(30)[None]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    torch.manual_seed(0)
    made = {kind: tmp_path_factory.mktemp(kind) for kind in ("mixture", "dense")}
    MixtralForCausalLM(MixtralConfig(**SIZES, num_local_experts=4)).save_pretrained(made["mixture"])
    LlamaForCausalLM(LlamaConfig(**SIZES)).save_pretrained(made["dense"])
    return made


def load(folders, kind, quantization="nf4"):
    return load_model(folders[kind], quantization=quantization, dtype="float32")


def shaken(model):
    """Move every adapter tensor, as training would."""
    torch.manual_seed(3)
    with torch.no_grad():
        for tensor in model.parameters():
            if tensor.requires_grad:
                tensor += torch.randn_like(tensor) * 0.05
    return model.eval()


@pytest.mark.parametrize("quantization", ["nf4", "none"])
def test_new_adapters_change_nothing_and_are_the_only_tensors_that_train(folders, quantization):
    base = load(folders, "mixture", quantization)
    with torch.inference_mode():
        before = base(input_ids=TOKENS).logits
        model = attach(base, AdapterConfig(rank=8)).eval()
        assert torch.allclose(model(input_ids=TOKENS).logits, before, atol=1e-6)
    trained = {name: tensor for name, tensor in model.named_parameters() if tensor.requires_grad}
    assert all("lora_" in name and tensor.dtype == torch.float32 for name, tensor in trained.items())
    experts = 4 * 8 * (64 + 256 + 128 + 64) * 2
    assert trainable_groups(model) == {
        "attention": 8 * (128 + 96 + 96 + 128) * 2,
        "experts": experts,
        "router": 8 * (64 + 4) * 2,
    }


@pytest.mark.parametrize("part", ["attention", "experts", "router"])
def test_each_part_can_be_trained_alone(folders, part):
    chosen = {"attention": False, "experts": False, "router": False} | {part: True}
    assert set(trainable_groups(attach(load(folders, "mixture"), AdapterConfig(**chosen)))) == {part}


def test_a_dense_model_adapts_attention_and_mlp(folders):
    model = attach(load(folders, "dense"), AdapterConfig())
    assert not has_experts(model)
    assert set(trainable_groups(model)) == {"attention", "mlp"}


def test_the_router_alone_of_a_dense_model_is_an_error(folders):
    with pytest.raises(ModelError, match="no router"):
        attach(load(folders, "dense"), AdapterConfig(attention=False, experts=False))


def test_equal_seeds_give_equal_adapters(folders):
    first, second, third = [attach(load(folders, "mixture"), AdapterConfig(), seed=seed) for seed in (1, 1, 2)]
    for (_, one), (_, other) in zip(first.named_parameters(), second.named_parameters(), strict=True):
        assert torch.equal(one, other)
    assert any(not torch.equal(one, other) for one, other in zip(first.parameters(), third.parameters(), strict=True))


@pytest.mark.parametrize("kind", ["mixture", "dense"])
def test_a_saved_adapter_gives_equal_logits_when_loaded(folders, kind, tmp_path):
    model = shaken(attach(load(folders, kind), AdapterConfig(rank=8, alpha=8)))
    save_adapter(model, tmp_path / "adapter")
    loaded = load_adapter(load(folders, kind), tmp_path / "adapter")
    with torch.inference_mode():
        wanted = model(input_ids=TOKENS).logits
        assert torch.equal(loaded(input_ids=TOKENS).logits, wanted)
        with adapters_disabled(loaded):
            without = loaded(input_ids=TOKENS).logits
        assert torch.equal(without, load(folders, kind)(input_ids=TOKENS).logits)
        assert not torch.allclose(without, wanted, atol=1e-3)
        assert torch.equal(loaded(input_ids=TOKENS).logits, wanted)


def test_every_saved_tensor_counts(folders, tmp_path):
    model = shaken(attach(load(folders, "mixture"), AdapterConfig(rank=8)))
    save_adapter(model, tmp_path / "adapter")
    loaded = load_adapter(load(folders, "mixture"), tmp_path / "adapter")
    saved, found = dict(model.named_parameters()), dict(loaded.named_parameters())
    assert set(saved) == set(found)
    assert all(torch.equal(tensor, found[name]) for name, tensor in saved.items())


def test_saving_again_replaces_the_folder_and_leaves_no_parts(folders, tmp_path):
    model = attach(load(folders, "dense"), AdapterConfig())
    save_adapter(model, tmp_path / "adapter")
    (tmp_path / "adapter" / "old").write_text("", encoding="utf-8")
    save_adapter(model, tmp_path / "adapter")
    assert [path.name for path in tmp_path.iterdir()] == ["adapter"]
    assert not (tmp_path / "adapter" / "old").exists()
    assert json.loads((tmp_path / "adapter" / "adapter_config.json").read_text(encoding="utf-8"))["r"] == 16


def test_a_folder_without_an_adapter_is_a_clear_error(folders, tmp_path):
    with pytest.raises(ModelError, match="no adapter here"):
        load_adapter(load(folders, "dense"), tmp_path)


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight", "attention"),
        ("base_model.model.model.layers.0.mlp.experts.lora_A.default.down_proj", "experts"),
        ("base_model.model.model.layers.0.mlp.gate.lora_B.default.weight", "router"),
        ("base_model.model.model.layers.0.mlp.gate_proj.lora_B.default.weight", "mlp"),
        ("model.embed_tokens.weight", "other"),
    ],
)
def test_groups_follow_from_names(name, group):
    assert group_of(name) == group
