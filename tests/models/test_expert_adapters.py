import pytest
import torch
from peft import LoraConfig
from transformers.models.mixtral.configuration_mixtral import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralExperts

from qantara.models.expert_adapters import ExpertsLora
from qantara.models.experts_forward import IMPLEMENTATION


@pytest.fixture
def layer():
    torch.manual_seed(0)
    config = MixtralConfig(hidden_size=64, intermediate_size=128, num_local_experts=4)
    config._experts_implementation = IMPLEMENTATION
    base = MixtralExperts(config)
    for tensor in base.parameters():
        torch.nn.init.normal_(tensor, std=0.1)
    return ExpertsLora(base, "default", LoraConfig(), r=8, lora_alpha=16)


ROUTING = (torch.tensor([[0, 1], [1, 3], [2, 0]]), torch.tensor([[0.5, 0.5], [0.9, 0.1], [0.4, 0.6]]))


def test_factors_are_three_dimensional_fp32_and_b_starts_at_zero(layer):
    factors = {name: tensor for name, tensor in layer.named_parameters() if "lora_" in name}
    shapes = {name: tuple(tensor.shape) for name, tensor in factors.items()}
    assert shapes == {
        "lora_A.default.gate_up_proj": (4, 64, 8),
        "lora_A.default.down_proj": (4, 128, 8),
        "lora_B.default.gate_up_proj": (4, 8, 256),
        "lora_B.default.down_proj": (4, 8, 64),
    }
    assert all(tensor.dtype == torch.float32 for tensor in factors.values())
    assert all(not tensor.any() for name, tensor in factors.items() if "lora_B" in name)


def test_the_adapter_starts_as_the_base_and_its_scale_is_alpha_over_rank(layer):
    hidden = torch.randn(3, 64)
    base = layer.get_base_layer()(hidden, *ROUTING)
    assert torch.equal(layer(hidden, *ROUTING), base)
    with torch.no_grad():
        layer.lora_B["default"].down_proj.fill_(0.1)
        near = layer(hidden, *ROUTING) - base
        layer.scaling["default"] *= 2
        far = layer(hidden, *ROUTING) - base
    assert near.abs().max() > 0
    assert torch.allclose(far, 2 * near, atol=1e-5)


def test_a_disabled_adapter_leaves_the_base(layer):
    hidden = torch.randn(3, 64)
    with torch.no_grad():
        layer.lora_B["default"].down_proj.fill_(0.1)
    layer.enable_adapters(False)
    assert torch.equal(layer(hidden, *ROUTING), layer.get_base_layer()(hidden, *ROUTING))
