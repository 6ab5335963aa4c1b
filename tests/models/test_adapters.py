import json

import pytest
import torch

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import (
    adapter_settings,
    adapters_disabled,
    attach,
    group_of,
    has_experts,
    load_adapter,
    save_adapter,
    trainable_groups,
)
from qantara.models.layouts import MIXTURES
from qantara.models.loading import load_model

TOKENS = torch.arange(30)[None]
MIXTURE_TYPES = sorted(MIXTURES)
DENSE_TYPES = ["gemma3_text", "llama", "qwen2"]


@pytest.fixture(scope="module")
def folders(mixture_folders, dense_folders):
    return mixture_folders | dense_folders


def load(folder, quantization="nf4", dtype="float32"):
    return load_model(folder, quantization=quantization, dtype=dtype)


def logits(model):
    with torch.inference_mode():
        return model(input_ids=TOKENS).logits


@pytest.mark.parametrize("quantization", ["nf4", "none"])
@pytest.mark.parametrize("kind", MIXTURE_TYPES + DENSE_TYPES)
def test_new_adapters_change_nothing_and_are_the_only_tensors_that_train(folders, kind, quantization):
    base = load(folders[kind], quantization)
    before = logits(base)
    model = attach(base, AdapterConfig(rank=8)).eval()
    assert torch.allclose(logits(model), before, atol=1e-6)
    trained = {name: tensor for name, tensor in model.named_parameters() if tensor.requires_grad}
    assert all("lora_" in name and tensor.dtype == torch.float32 for name, tensor in trained.items())


def test_every_part_of_a_mixture_is_adapted_in_full(folders):
    model = attach(load(folders["mixtral"]), AdapterConfig(rank=8))
    assert trainable_groups(model) == {
        "attention": 8 * (128 + 96 + 96 + 128) * 2,
        "experts": 4 * 8 * (64 + 256 + 128 + 64) * 2,
        "router": 8 * (64 + 4) * 2,
    }


def test_a_shared_expert_is_adapted_with_the_experts(folders):
    model = attach(load(folders["qwen2_moe"]), AdapterConfig(rank=8, attention=False, router=False))
    assert trainable_groups(model) == {
        "experts": 4 * 8 * (64 + 192 + 96 + 64) * 2,
        "mlp": 8 * (64 + 128) * 3 * 2,
    }


@pytest.mark.parametrize("part", ["attention", "experts", "router"])
def test_each_part_can_be_trained_alone(folders, part):
    chosen = {"attention": False, "experts": False, "router": False} | {part: True}
    assert set(trainable_groups(attach(load(folders["qwen3_moe"]), AdapterConfig(**chosen)))) == {part}


@pytest.mark.parametrize("kind", DENSE_TYPES)
def test_a_dense_model_adapts_attention_and_mlp(folders, kind):
    model = attach(load(folders[kind]), AdapterConfig())
    assert not has_experts(model)
    assert set(trainable_groups(model)) == {"attention", "mlp"}


def test_the_router_alone_of_a_dense_model_is_an_error(folders):
    with pytest.raises(ModelError, match="no router"):
        attach(load(folders["llama"]), AdapterConfig(attention=False, experts=False))


def test_equal_seeds_give_equal_adapters_whatever_was_drawn_before(folders):
    made = []
    for seed in (1, 1, 2):
        torch.rand(len(made) + 1)  # another state of the global generator
        made.append(attach(load(folders["mixtral"]), AdapterConfig(), seed=seed))
    first, second, third = made
    for (_, one), (_, other) in zip(first.named_parameters(), second.named_parameters(), strict=True):
        assert torch.equal(one, other)
    assert any(not torch.equal(one, other) for one, other in zip(first.parameters(), third.parameters(), strict=True))


def test_attaching_leaves_the_global_generator_where_it_was(folders):
    base = load(folders["mixtral"])
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    attach(base, AdapterConfig(), seed=1)
    assert torch.equal(torch.rand(1), wanted)


@pytest.mark.parametrize("quantization", ["nf4", "none"])
@pytest.mark.parametrize("kind", MIXTURE_TYPES + DENSE_TYPES)
def test_a_saved_adapter_is_the_same_bits_and_gives_the_same_logits_when_loaded(
    folders, kind, quantization, tmp_path, save_moved_adapter
):
    model = save_moved_adapter(folders[kind], tmp_path / "adapter", quantization, embeddings=True)
    loaded = load_adapter(load(folders[kind], quantization), tmp_path / "adapter")
    saved, found = dict(model.named_parameters()), dict(loaded.named_parameters())
    assert set(saved) == set(found)
    assert all(torch.equal(tensor, found[name]) for name, tensor in saved.items())
    assert torch.equal(logits(loaded), logits(model))
    with adapters_disabled(loaded):
        without = logits(loaded)
    assert torch.equal(without, logits(load(folders[kind], quantization)))
    assert (without - logits(loaded)).abs().max() > 1e-3


def test_a_loaded_adapter_trains_only_if_asked_to(folders, tmp_path, save_moved_adapter):
    model = save_moved_adapter(folders["mixtral"], tmp_path / "adapter", embeddings=True)
    frozen = load_adapter(load(folders["mixtral"], "none"), tmp_path / "adapter")
    trainable = load_adapter(load(folders["mixtral"], "none"), tmp_path / "adapter", trainable=True)
    assert trainable_groups(frozen) == {}
    assert trainable_groups(trainable) == trainable_groups(model)


@pytest.mark.parametrize(
    "settings",
    [
        {"rank": 16, "alpha": 8.0, "router": False, "dropout": 0.1},
        {"attention": False, "embeddings": True},
        {"experts": False, "router": False, "dora": True},
    ],
)
def test_a_saved_adapter_tells_what_it_is_made_of(folders, settings, tmp_path):
    config = AdapterConfig(**settings)
    save_adapter(attach(load(folders["qwen2_moe"]), config), tmp_path / "adapter")
    assert adapter_settings(tmp_path / "adapter") == config


@pytest.mark.parametrize("kind", ["qwen2", "gemma3_text"])
def test_tied_embeddings_that_train_stay_tied(folders, kind, tmp_path):
    model = attach(load(folders[kind]), AdapterConfig(embeddings=True))
    save_adapter(model, tmp_path / "adapter")
    loaded = load_adapter(load(folders[kind]), tmp_path / "adapter", trainable=True)
    for each in (model, loaded):
        embeddings = each.get_input_embeddings().modules_to_save["default"].weight
        assert embeddings is each.get_output_embeddings().modules_to_save["default"].weight
        assert trainable_groups(each)["embeddings"] == embeddings.numel() == 64 * 64


@pytest.mark.parametrize("kind", ["mixtral", "gemma3_text"])
def test_embeddings_of_a_bf16_model_train_in_fp32_and_it_still_computes_in_bf16(folders, kind):
    model = attach(load(folders[kind], "none", "bfloat16"), AdapterConfig(rank=8, embeddings=True))
    assert all(tensor.dtype == torch.float32 for tensor in model.parameters() if tensor.requires_grad)
    assert model.get_input_embeddings()(TOKENS).dtype == torch.bfloat16
    model(input_ids=TOKENS, labels=TOKENS).loss.backward()
    trained = [
        tensor for name, tensor in model.named_parameters() if group_of(name) == "embeddings" and tensor.requires_grad
    ]
    assert trained
    assert all(tensor.grad.abs().sum() > 0 for tensor in trained)


@pytest.mark.parametrize("kind", ["llama", "mixtral"])
def test_dora_goes_on_attention_and_dense_mlps(folders, kind):
    base = load(folders[kind])
    before = logits(base)
    model = attach(base, AdapterConfig(rank=8, dora=True, experts=kind == "llama")).eval()
    assert torch.allclose(logits(model), before, atol=1e-5)
    names = [
        name for name, tensor in model.named_parameters() if "lora_magnitude_vector" in name and tensor.requires_grad
    ]
    assert {group_of(name) for name in names} == ({"attention", "mlp"} if kind == "llama" else {"attention"})


def test_dora_on_fused_experts_is_an_error(folders):
    with pytest.raises(ModelError, match="can't have DoRA"):
        attach(load(folders["mixtral"]), AdapterConfig(dora=True))


def test_dropout_is_on_attention_and_mlps_while_training_and_never_on_routers(folders):
    def drawn(model):
        return torch.equal(logits(model), logits(model))

    both = AdapterConfig(rank=8, dropout=0.5)
    router = AdapterConfig(rank=8, dropout=0.5, attention=False, experts=False)
    for config, same in ((both, False), (router, True)):
        model = attach(load(folders["mixtral"], "none"), config)
        torch.manual_seed(0)
        with torch.no_grad():
            for tensor in model.parameters():
                if tensor.requires_grad:
                    tensor += torch.randn_like(tensor) * 0.1
        assert drawn(model.train()) is same
        assert drawn(model.eval())


@pytest.mark.parametrize("kind", MIXTURE_TYPES)
def test_the_auxiliary_loss_reaches_the_router_through_its_adapter(folders, kind):
    model = attach(load(folders[kind]), AdapterConfig(rank=8)).train()
    model(input_ids=TOKENS, labels=TOKENS, output_router_logits=True).aux_loss.backward()
    reached = {
        group_of(name) for name, tensor in model.named_parameters() if tensor.grad is not None and tensor.grad.any()
    }
    assert "router" in reached


def test_saving_again_replaces_the_folder_and_leaves_no_parts(folders, tmp_path):
    model = attach(load(folders["llama"]), AdapterConfig())
    save_adapter(model, tmp_path / "adapter")
    before = {path.name: path.read_bytes() for path in (tmp_path / "adapter").iterdir()}
    (tmp_path / "adapter" / "old").write_text("", encoding="utf-8")
    save_adapter(model, tmp_path / "adapter")
    assert [path.name for path in tmp_path.iterdir()] == ["adapter"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "adapter").iterdir()} == before
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["r"] == 16
    assert config["target_modules"] == sorted(config["target_modules"])


def test_tensors_gathered_from_elsewhere_are_what_is_saved(folders, tmp_path):
    model = attach(load(folders["mixtral"], "none"), AdapterConfig(rank=8))
    gathered = {name: tensor + 1 for name, tensor in model.state_dict().items()}
    save_adapter(model, tmp_path / "adapter", gathered)
    loaded = load_adapter(load(folders["mixtral"], "none"), tmp_path / "adapter")
    adapted = {name: tensor for name, tensor in loaded.state_dict().items() if "lora_" in name}
    assert adapted
    assert all(torch.equal(tensor, gathered[name]) for name, tensor in adapted.items())


def test_a_folder_without_an_adapter_is_a_clear_error(folders, tmp_path):
    with pytest.raises(ModelError, match="no adapter here"):
        load_adapter(load(folders["llama"]), tmp_path)


@pytest.mark.parametrize("kind", ["llama", "qwen2_moe"])
def test_an_adapter_of_another_model_is_a_clear_error(folders, kind, tmp_path):
    save_adapter(attach(load(folders["mixtral"]), AdapterConfig(rank=8)), tmp_path / "adapter")
    with pytest.raises(ModelError, match="doesn't fit the model; it was trained on"):
        load_adapter(load(folders[kind]), tmp_path / "adapter")


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight", "attention"),
        ("base_model.model.model.layers.0.mlp.experts.lora_A.default.down_proj", "experts"),
        ("base_model.model.model.layers.0.mlp.gate.lora_B.default.weight", "router"),
        ("base_model.model.model.layers.0.mlp.gate_proj.lora_B.default.weight", "mlp"),
        ("base_model.model.model.layers.0.mlp.shared_expert.up_proj.lora_B.default.weight", "mlp"),
        ("model.layers.0.mlp.shared_expert_gate.weight", "mlp"),
        ("model.layers.0.block_sparse_moe.gate.weight", "router"),
        ("model.layers.0.block_sparse_moe.experts.3.w1.weight", "experts"),
        ("model.embed_tokens.weight", "embeddings"),
        ("base_model.model.lm_head.modules_to_save.default.weight", "embeddings"),
        ("model.layers.0.input_layernorm.weight", "other"),
    ],
)
def test_groups_follow_from_names(name, group):
    assert group_of(name) == group
