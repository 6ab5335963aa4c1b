import copy

import pytest
import torch
from peft import LoraConfig
from transformers import AutoConfig, AutoModelForCausalLM

from qantara.models.expert_adapters import ExpertsLora
from qantara.models.experts_forward import IMPLEMENTATION
from qantara.models.layouts import MIXTURES, experts_of

ROUTING = (torch.tensor([[0, 1], [1, 3], [2, 0]]), torch.tensor([[0.5, 0.5], [0.9, 0.1], [0.4, 0.6]]))
SIZES = {"hidden_size": 64, "intermediate_size": 128, "moe_intermediate_size": 128, "num_hidden_layers": 1}
SIZES |= {"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 8, "num_experts_per_tok": 2}


@pytest.fixture(params=sorted(MIXTURES))
def experts(request):
    """Return one layer's fused experts (4, hidden 64, intermediate 128) of a layout, without the rest of the model."""
    torch.manual_seed(0)
    count = {"num_local_experts" if request.param == "mixtral" else "num_experts": 4}
    config = AutoConfig.for_model(request.param, **SIZES, **count, pad_token_id=0)
    model = AutoModelForCausalLM.from_config(config, experts_implementation=IMPLEMENTATION)
    found = next(module for _, module in experts_of(model))
    for tensor in found.parameters():
        torch.nn.init.normal_(tensor, std=0.1).requires_grad_(False)
    return found


def adapted(experts, **settings):
    torch.manual_seed(1)
    return ExpertsLora(experts, "default", LoraConfig(**settings), r=8, lora_alpha=16)


def test_factors_are_three_dimensional_fp32_and_b_starts_at_zero(experts):
    factors = {name: tensor for name, tensor in adapted(experts).named_parameters() if "lora_" in name}
    shapes = {name: tuple(tensor.shape) for name, tensor in factors.items()}
    assert shapes == {
        "lora_A.default.gate_up_proj": (4, 64, 8),
        "lora_A.default.down_proj": (4, 128, 8),
        "lora_B.default.gate_up_proj": (4, 8, 256),
        "lora_B.default.down_proj": (4, 8, 64),
    }
    assert all(tensor.dtype == torch.float32 and tensor.requires_grad for tensor in factors.values())
    assert all(not tensor.any() for name, tensor in factors.items() if "lora_B" in name)


def test_the_adapter_starts_as_the_base(experts):
    hidden = torch.randn(3, 64)
    assert torch.equal(adapted(experts)(hidden, *ROUTING), experts(hidden, *ROUTING))


def test_the_output_is_that_of_weights_with_the_scaled_products_added(experts):
    layer, merged, hidden = adapted(experts), copy.deepcopy(experts), torch.randn(3, 64)
    with torch.no_grad():
        for projection in ("gate_up_proj", "down_proj"):
            a, b = (side["default"].get_parameter(projection) for side in (layer.lora_A, layer.lora_B))
            torch.nn.init.normal_(b, std=0.1)
            merged.get_parameter(projection).add_((a @ b).transpose(1, 2), alpha=2)  # alpha 16 over rank 8
        assert torch.allclose(layer(hidden, *ROUTING), merged(hidden, *ROUTING), atol=1e-5)
        assert not torch.allclose(layer(hidden, *ROUTING), experts(hidden, *ROUTING), atol=1e-2)


def test_dropout_is_on_the_adapter_alone_and_only_while_training(experts):
    layer, hidden = adapted(experts, lora_dropout=0.5), torch.randn(3, 64)
    assert torch.equal(layer.train()(hidden, *ROUTING), experts(hidden, *ROUTING))  # B is zero: nothing else drops
    torch.nn.init.normal_(layer.lora_B["default"].down_proj, std=0.1)
    with torch.no_grad():
        assert not torch.equal(layer(hidden, *ROUTING), layer(hidden, *ROUTING))
        layer.eval()
        assert torch.equal(layer(hidden, *ROUTING), layer(hidden, *ROUTING))


def test_a_disabled_adapter_leaves_the_base(experts):
    layer, hidden = adapted(experts), torch.randn(3, 64)
    with torch.no_grad():
        layer.lora_B["default"].down_proj.fill_(0.1)
    layer.enable_adapters(False)
    assert torch.equal(layer(hidden, *ROUTING), experts(hidden, *ROUTING))
