import pytest
import torch

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach
from qantara.models.loading import load_model
from qantara.train.audit import check_gradients, check_moved, digests, expected_groups, trainable


@pytest.fixture
def model(mixture_folder):
    return attach(load_model(mixture_folder, quantization="nf4", dtype="float32"), AdapterConfig())


def backward(model):
    model(input_ids=torch.arange(2, 40)[None]).logits.logsumexp(-1).sum().backward()


def test_gradients_everywhere_pass(model):
    backward(model)
    check_gradients(model, {"attention", "experts", "router"})


def test_a_tensor_without_gradient_is_named(model):
    backward(model)
    name, tensor = next((name, t) for name, t in trainable(model) if "experts.lora_B" in name)
    tensor.grad = None
    with pytest.raises(ModelError, match=name):
        check_gradients(model, {"experts"})


def test_an_adapter_outside_the_graph_is_caught(model):
    dead = torch.nn.Parameter(torch.zeros(4))
    model.base_model.model.model.layers[0].mlp.register_parameter("dead", dead)
    backward(model)
    with pytest.raises(ModelError, match="dead"):
        check_gradients(model, {"experts"})


def test_an_expected_group_without_adapters_is_named(model):
    backward(model)
    with pytest.raises(ModelError, match="no adapters on mlp"):
        check_gradients(model, {"attention", "mlp"})


def test_a_tensor_that_did_not_move_is_named(model):
    initial = digests(model)
    still, *others = list(trainable(model))
    with torch.no_grad():
        for _, tensor in others:
            tensor += 1e-3
    with pytest.raises(ModelError, match=still[0]):
        check_moved(model, initial)
    with torch.no_grad():
        still[1].add_(1e-3)
    moved = check_moved(model, initial)
    assert {group: count["tensors"] == count["moved"] for group, count in moved.items()} == {
        "attention": True,
        "experts": True,
        "router": True,
    }


def test_expected_groups_follow_the_config_and_the_kind_of_model():
    assert expected_groups(AdapterConfig(), mixture=True) == {"attention", "experts", "router"}
    assert expected_groups(AdapterConfig(), mixture=False) == {"attention", "mlp"}
    assert expected_groups(AdapterConfig(experts=False, attention=False), mixture=True) == {"router"}
