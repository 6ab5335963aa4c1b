import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, MixtralConfig, MixtralForCausalLM

from qantara.errors import ModelError
from qantara.models.expert_use import ExpertUse, count_expert_use

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "vocab_size": 64,
}


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MixtralForCausalLM(MixtralConfig(**SIZES, num_local_experts=4, num_experts_per_tok=2)).eval()


@torch.inference_mode()
def test_shares_are_those_of_the_routers(model):
    tokens = torch.arange(20)[None]
    with count_expert_use(model) as use:
        logits = model(input_ids=tokens, output_router_logits=True).router_logits
    assert use.num_tokens == 20
    for layer, of_layer in zip(use.layers(), logits, strict=True):
        chosen = of_layer.topk(2, dim=-1).indices.flatten()
        assert layer.share == pytest.approx([(chosen == e).sum().item() / 40 for e in range(4)])
        assert layer.probability == pytest.approx(of_layer.softmax(-1).mean(0).tolist(), abs=1e-6)
        assert sum(layer.share) == pytest.approx(1)
        assert 0 <= layer.entropy <= 1


@torch.inference_mode()
def test_padding_does_not_count(model):
    short, long = torch.arange(5), torch.arange(30, 39)
    with count_expert_use(model) as alone:
        model(input_ids=short[None])
        model(input_ids=long[None])
    padded = torch.zeros(2, 9, dtype=torch.long)
    padded[0, :5], padded[1] = short, long
    mask = torch.tensor([[1] * 5 + [0] * 4, [1] * 9])
    with count_expert_use(model) as together:
        model(input_ids=padded, attention_mask=mask)
    assert together.num_tokens == alone.num_tokens == 14
    for one, other in zip(together.layers(), alone.layers(), strict=True):
        assert one.share == pytest.approx(other.share)
        assert one.probability == pytest.approx(other.probability, abs=1e-5)


@torch.inference_mode()
def test_with_a_cache_each_token_counts_once(model):
    tokens = torch.arange(6)[None]
    with count_expert_use(model) as use:
        cache = model(input_ids=tokens[:, :5], use_cache=True).past_key_values
        model(input_ids=tokens[:, 5:], past_key_values=cache, attention_mask=torch.ones(1, 6))
    assert use.num_tokens == 6


@torch.inference_mode()
def test_counting_ends_with_the_context(model):
    with count_expert_use(model) as use:
        model(input_ids=torch.arange(4)[None])
    model(input_ids=torch.arange(4)[None])
    assert use.num_tokens == 4


def test_entropy_is_0_for_one_expert_and_1_for_all_alike():
    use = ExpertUse(2)
    same, spread = torch.zeros(4, 1, dtype=torch.long), torch.arange(4)[:, None]
    use._count(0, torch.zeros(4, 4), same)
    use._count(1, torch.zeros(4, 4), spread)
    assert [layer.entropy for layer in use.layers()] == pytest.approx([0.0, 1.0])


def test_a_dense_model_and_an_idle_count_are_clear_errors(model):
    with pytest.raises(ModelError, match="no routers"), count_expert_use(LlamaForCausalLM(LlamaConfig(**SIZES))):
        pass
    with count_expert_use(model) as use, pytest.raises(ModelError, match="no token passed"):
        use.layers()
