import bitsandbytes as bnb
import pytest
import torch
from transformers import MixtralConfig, MixtralForCausalLM
from transformers.models.mixtral.modeling_mixtral import MixtralExperts

from qantara.errors import ModelError
from qantara.models.loading import load_model
from qantara.models.nf4_experts import check_expert_bytes, expert_bytes, expert_weight, expert_weights, quantize


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    made = tmp_path_factory.mktemp("mixture")
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "vocab_size": 64}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    MixtralForCausalLM(MixtralConfig(**sizes, **heads, num_local_experts=4)).save_pretrained(made)
    return made


def experts_of(model):
    return [module for module in model.modules() if isinstance(module, MixtralExperts)]


def test_loaded_experts_take_at_most_their_share_and_the_rest_stays_plain(folder):
    model = load_model(folder, quantization="nf4", dtype="bfloat16")
    actual, in_bf16 = expert_bytes(model)
    assert actual / in_bf16 == pytest.approx(0.28125)
    assert in_bf16 == 2 * 4 * 3 * 64 * 128 * 2
    layer = model.model.layers[0]
    assert isinstance(layer.self_attn.q_proj, bnb.nn.Linear4bit)
    assert layer.mlp.experts.gate_up_proj.dtype == torch.uint8
    assert layer.mlp.gate.weight.dtype == torch.float32
    assert model.model.embed_tokens.weight.dtype == torch.bfloat16


def test_scales_are_frozen_parameters_with_the_expert_axis_first(folder):
    for experts in experts_of(load_model(folder, quantization="nf4", dtype="float32")):
        tensors = dict(experts.named_parameters())
        assert set(tensors) == {"gate_up_proj", "gate_up_proj_absmax", "down_proj", "down_proj_absmax"}
        assert all(tensor.shape[0] == 4 and not tensor.requires_grad for tensor in tensors.values())


def test_dequantized_weights_are_near_the_checkpoint_and_alike_one_by_one(folder):
    plain = experts_of(load_model(folder, quantization="none", dtype="float32"))
    packed = experts_of(load_model(folder, quantization="nf4", dtype="float32"))
    for before, after in zip(plain, packed, strict=True):
        for projection in ("gate_up_proj", "down_proj"):
            whole = expert_weights(after, projection, torch.float32)
            original = expert_weights(before, projection, torch.float32)
            assert (whole - original).norm() < 0.12 * original.norm()
            for i in range(4):
                assert torch.equal(expert_weight(after, projection, i, torch.float32), whole[i])
                assert torch.equal(expert_weight(before, projection, i, torch.float32), original[i])


def test_experts_left_in_bf16_are_an_error(folder):
    model = load_model(folder, quantization="none", dtype="bfloat16")
    with pytest.raises(ModelError, match=r"take 1\.00 of their bf16 bytes"):
        check_expert_bytes(model)


def test_a_model_without_experts_has_no_expert_bytes():
    assert expert_bytes(torch.nn.Linear(2, 2)) == (0, 0)


def test_sizes_that_blocks_do_not_fill_are_refused():
    with pytest.raises(ModelError, match="blocks of 64"):
        quantize(torch.nn.Module(), "down_proj", torch.zeros(2, 3, 10))
