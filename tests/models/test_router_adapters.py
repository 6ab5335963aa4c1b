import pytest
import torch
from peft import LoraConfig

from qantara.models.layouts import MIXTURES, routers_of
from qantara.models.loading import load_model
from qantara.models.router_adapters import RouterLora


@pytest.fixture(params=sorted(MIXTURES))
def router(request, mixture_folders):
    """Return a router as it is in a loaded model, frozen and hooked."""
    model = load_model(mixture_folders[request.param], quantization="none", dtype="bfloat16")
    return next(module for _, module in routers_of(model))


def adapted(router):
    torch.manual_seed(0)
    layer = RouterLora(router, "default", LoraConfig(lora_dropout=0.5), r=8, lora_alpha=16)
    torch.nn.init.normal_(layer.lora_B["default"].weight)
    return layer


def test_a_new_router_adapter_is_fp32_and_changes_nothing(router):
    layer = RouterLora(router, "default", LoraConfig(), r=8, lora_alpha=16)
    trained = {name: tuple(tensor.shape) for name, tensor in layer.named_parameters() if tensor.requires_grad}
    assert trained == {"lora_A.default.weight": (8, 64), "lora_B.default.weight": (4, 8)}
    assert all(tensor.dtype == torch.float32 for tensor in layer.parameters())
    hidden = torch.randn(6, 64, dtype=torch.bfloat16)
    assert all(torch.equal(one, other) for one, other in zip(layer(hidden), router(hidden), strict=True))


def test_logits_are_those_of_weight_plus_scaled_product_in_fp32(router):
    layer, hidden = adapted(router), torch.randn(6, 64, dtype=torch.bfloat16)
    a, b = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    wanted = hidden.float() @ (router.weight + 2 * b @ a).t()
    logits, _, chosen = layer(hidden)
    assert logits.dtype == torch.float32
    assert torch.allclose(logits, wanted, atol=1e-5)
    assert torch.equal(chosen, wanted.topk(2, dim=1).indices)


def test_both_factors_get_a_gradient_and_the_router_none(router):
    layer = adapted(router)
    layer(torch.randn(6, 64))[1][:, 0].sum().backward()
    assert all(layer.get_parameter(f"lora_{side}.default.weight").grad.any() for side in "AB")
    assert router.weight.grad is None


def test_hooks_on_the_router_see_what_the_adapter_made(router):
    seen = []
    router.register_forward_hook(lambda _, __, output: seen.append(output[0]))
    layer, hidden = adapted(router), torch.randn(6, 64)
    assert torch.equal(layer(hidden)[0], seen[0])
    assert not torch.allclose(router(hidden)[0], seen[0])


def test_there_is_no_dropout_and_a_disabled_adapter_leaves_the_router(router):
    layer, hidden = adapted(router).train(), torch.randn(6, 64)
    assert torch.equal(layer(hidden)[0], layer(hidden)[0])
    layer.enable_adapters(False)
    assert torch.equal(layer(hidden)[0], router(hidden)[0])
