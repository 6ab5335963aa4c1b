import math

import pytest
import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    OlmoeConfig,
    OlmoeForCausalLM,
    Qwen2MoeConfig,
    Qwen2MoeForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach
from qantara.models.expert_use import LayerUse, count_expert_use, dead_experts, specialization

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "vocab_size": 64,
    "num_experts_per_tok": 2,
}
QWEN = {"moe_intermediate_size": 32, "num_experts": 4, "pad_token_id": None, "bos_token_id": None, "eos_token_id": None}
LAYOUTS = {
    "mixtral": lambda: MixtralForCausalLM(MixtralConfig(**SIZES, num_local_experts=4)),
    "qwen2_moe": lambda: Qwen2MoeForCausalLM(Qwen2MoeConfig(**SIZES, **QWEN, shared_expert_intermediate_size=32)),
    "qwen3_moe": lambda: Qwen3MoeForCausalLM(Qwen3MoeConfig(**SIZES, **QWEN, head_dim=16)),
    "olmoe": lambda: OlmoeForCausalLM(OlmoeConfig(**SIZES, num_experts=4, pad_token_id=None)),
}


@pytest.fixture
def model():
    torch.manual_seed(0)
    return LAYOUTS["mixtral"]().eval()


def with_random_routers(made):
    for name, weight in made.named_parameters():
        if name.endswith("mlp.gate.weight"):
            torch.nn.init.normal_(weight, std=0.5)
    return made.eval()


def layer_use(*share, num_choices=1000, layer=0):
    return LayerUse(layer=layer, num_choices=num_choices, share=share, probability=share, entropy=1.0)


@pytest.mark.parametrize("layout", LAYOUTS)
@torch.inference_mode()
def test_shares_are_those_of_the_routers_in_every_layout(layout):
    torch.manual_seed(0)
    model = with_random_routers(LAYOUTS[layout]())
    tokens = torch.arange(20)[None]
    with count_expert_use(model) as use:
        logits = model(input_ids=tokens, output_router_logits=True).router_logits
    assert (use.num_tokens, use.num_experts, use.top_k) == (20, 4, 2)
    for layer, of_layer in zip(use.layers(), logits, strict=True):
        chosen = of_layer.topk(2, dim=-1).indices.flatten()
        assert layer.num_choices == 40
        assert layer.share == pytest.approx([(chosen == e).sum().item() / 40 for e in range(4)])
        assert layer.probability == pytest.approx(of_layer.softmax(-1).mean(0).tolist(), abs=1e-6)
        assert sum(layer.share) == pytest.approx(1)
        assert 0 <= layer.entropy <= 1


@torch.inference_mode()
def test_groups_of_one_pass_are_counted_as_if_alone(model):
    tokens = torch.randint(0, 64, (2, 12), generator=torch.Generator().manual_seed(0))
    of_groups = torch.randint(-1, 2, (2, 12), generator=torch.Generator().manual_seed(1))
    with count_expert_use(model, ("en", "ar")) as together:
        together.observe(of_groups)
        model(input_ids=tokens)
    for number, name in enumerate(together.groups):
        with count_expert_use(model) as alone:
            alone.observe(of_groups == number)
            model(input_ids=tokens)
        assert together.layers(name) == alone.layers()
    assert together.num_tokens == int((of_groups >= 0).sum())
    assert sum(layer.num_choices for layer in together.layers()) == 2 * 2 * together.num_tokens


@torch.inference_mode()
def test_what_was_observed_holds_for_one_forward_only(model):
    with count_expert_use(model) as use:
        use.observe(torch.full((1, 4), -1))
        model(input_ids=torch.arange(4)[None])
        assert use.num_tokens == 0
        model(input_ids=torch.arange(6)[None])
    assert use.num_tokens == 6


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
    tokens, mask = torch.arange(6)[None], torch.tensor([[0, 1, 1, 1, 1, 1]])
    with count_expert_use(model) as use:
        cache = model(input_ids=tokens[:, :5], attention_mask=mask[:, :5], use_cache=True).past_key_values
        model(input_ids=tokens[:, 5:], past_key_values=cache, attention_mask=mask)
    assert use.num_tokens == 5


def test_a_checkpointed_training_step_under_peft_counts_each_token_once(model):
    tuned = attach(model, AdapterConfig(rank=8))
    model.activation_checkpointing_enable({"use_reentrant": False})
    tokens = torch.arange(10)[None]
    with count_expert_use(tuned.train(), ("en", "ar")) as use:
        use.observe(torch.tensor([[0] * 6 + [1] * 4]))
        tuned(input_ids=tokens, labels=tokens, use_cache=False).loss.backward()
    assert use.tokens.tolist() == [6, 4]
    assert [layer.num_choices for layer in use.layers("ar")] == [8, 8]
    assert any(tensor.grad is not None for tensor in tuned.parameters())


@torch.inference_mode()
def test_counts_of_two_processes_add_up(model):
    counts = []
    for first, last in ((0, 8), (8, 20), (0, 20)):
        with count_expert_use(model) as use:
            for token in range(first, last):
                model(input_ids=torch.tensor([[token]]))
        counts.append(use)
    one, other, both = counts
    one.sums, one.tokens = one.sums + other.sums, one.tokens + other.tokens
    assert one.num_tokens == both.num_tokens == 20
    for added, whole in zip(one.layers(), both.layers(), strict=True):
        assert added.share == whole.share
        assert added.probability == pytest.approx(whole.probability)


@torch.inference_mode()
def test_counting_ends_with_the_context(model):
    with count_expert_use(model) as use:
        model(input_ids=torch.arange(4)[None])
    model(input_ids=torch.arange(4)[None])
    assert use.num_tokens == 4


@torch.inference_mode()
def test_layers_keep_their_numbers_where_some_have_no_experts():
    config = Qwen2MoeConfig(**SIZES, **QWEN, shared_expert_intermediate_size=32, mlp_only_layers=[0])
    model = Qwen2MoeForCausalLM(config).eval()
    with count_expert_use(model) as use:
        model(input_ids=torch.arange(4)[None])
    assert [layer.layer for layer in use.layers()] == [1]


@torch.inference_mode()
def test_entropy_is_0_for_one_expert_and_1_for_all_alike(model):
    routers = [layer.mlp.gate for layer in model.model.layers]
    for router in routers:
        router.top_k = 1
    with count_expert_use(model) as use:
        use._open({})
        for router, towards in zip(routers, (torch.zeros(4, dtype=torch.long), torch.arange(4)), strict=True):
            router.weight.zero_()[:, :4] = torch.eye(4)
            router(torch.eye(4, 32)[towards])
    assert [layer.entropy for layer in use.layers()] == pytest.approx([0.0, 1.0])


def test_a_dense_model_and_an_idle_count_are_clear_errors(model):
    sizes = {name: value for name, value in SIZES.items() if name != "num_experts_per_tok"}
    with pytest.raises(ModelError, match="no routers"), count_expert_use(LlamaForCausalLM(LlamaConfig(**sizes))):
        pass
    with count_expert_use(model, ("en", "ar")) as use:
        with pytest.raises(ModelError, match="no token passed"):
            use.layers()
        model(input_ids=torch.arange(4)[None])
        with pytest.raises(ModelError, match="no token of ar passed"):
            use.layers("ar")


def test_specialization_is_0_for_equal_shares_and_1_for_experts_not_shared():
    even, left, right = (layer_use(*share) for share in ((0.5, 0.5), (1.0, 0.0), (0.0, 1.0)))
    found = specialization([even, left, even], [even, right, left])
    # of (1/2, 1/2) and (1, 0): half of 1/2 log2(2/3) + 1/2 log2(2), and of log2(4/3)
    assert found == pytest.approx([0.0, 1.0, 0.25 * math.log2(2 / 3) + 0.25 + 0.5 * math.log2(4 / 3)])


def test_specialization_of_equal_groups_is_as_large_as_chance_makes_it():
    generator, choices, experts = torch.Generator().manual_seed(0), 2000, 8
    drawn = torch.randint(0, experts, (200, 2, choices), generator=generator)
    shares = torch.nn.functional.one_hot(drawn, experts).double().mean(dim=2)
    found = [specialization([layer_use(*a)], [layer_use(*b)])[0] for a, b in shares.tolist()]
    assert sum(found) / len(found) == pytest.approx((experts - 1) / (4 * choices * math.log(2)), rel=0.1)


def test_a_dead_expert_has_next_to_no_load_and_is_told_only_after_enough_choices():
    shares = (0.0, 0.0024, 0.0026, 0.995)
    assert dead_experts([layer_use(*shares, layer=3)]) == [(3, 0), (3, 1)]
    assert dead_experts([layer_use(*shares, num_choices=399)]) == []
