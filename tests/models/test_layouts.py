import pytest
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from qantara.models.layouts import MIXTURES, PROJECTIONS, experts_of, has_experts, projection_shape, routers_of


@pytest.mark.parametrize("model_type", sorted(MIXTURES))
def test_every_layout_has_its_experts_and_routers_found_in_the_order_of_its_layers(mixture_folders, model_type):
    model = AutoModelForCausalLM.from_pretrained(mixture_folders[model_type])
    assert has_experts(model)
    assert [name for name, _ in experts_of(model)] == [f"model.layers.{i}.mlp.experts" for i in range(2)]
    assert [name for name, _ in routers_of(model)] == [f"model.layers.{i}.mlp.gate" for i in range(2)]
    for _, experts in experts_of(model):
        for projection in PROJECTIONS:
            assert experts.get_parameter(projection).shape == (4, *projection_shape(experts, projection))


def test_a_dense_model_has_neither():
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(**sizes, vocab_size=8))
    assert not has_experts(model)
    assert not list(routers_of(model))
