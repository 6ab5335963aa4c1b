import pytest
import torch
from peft.tuners.lora.layer import LoraLayer

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach
from qantara.models.expert_adapters import ExpertsLora
from qantara.models.experts_forward import run_experts
from qantara.models.loading import load_model
from qantara.train.audit import Audit, expected_groups, groups_without_finite_gradients, trainable
from qantara.train.loop import train_step


def train_to_the_end(state):
    while state.step < state.data.num_steps:
        train_step(state)


def layer(state, kind):
    return next(
        module for name, module in state.model.named_modules() if isinstance(module, LoraLayer) and kind in name
    )


def test_a_run_that_trains_passes_and_counts_its_tensors(started, mixture_folder):
    state = started(mixture_folder, audit_step=3)
    train_step(state)
    train_step(state)
    assert state.audit.counts is None
    train_step(state)
    assert state.audit.counts == {
        "attention": {"tensors": 16, "moved": 16},
        "experts": {"tensors": 8, "moved": 8},
        "router": {"tensors": 4, "moved": 4},
    }


def test_an_expert_adapter_that_the_forward_ignores_is_caught_at_the_first_step(started, mixture_folder, monkeypatch):
    state = started(mixture_folder)
    monkeypatch.setattr(
        ExpertsLora,
        "forward",
        lambda self, hidden, *routing: run_experts(self.get_base_layer(), hidden, *routing, None),
    )
    with pytest.raises(ModelError, match=r"8 adapter tensors get no gradient: .*experts\.lora_A.* and 5 more"):
        train_step(state)


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_an_adapter_of_no_effect_is_caught_though_weight_decay_moves_it(started, mixture_folder, weight_decay):
    state = started(mixture_folder, weight_decay=weight_decay, audit_step=3)
    dead = layer(state, "layers.1.self_attn.v_proj")
    dead.scaling["default"] = 0.0
    with pytest.raises(ModelError, match=r"had only gradients of 0: .*layers\.1\.self_attn\.v_proj\.lora_A"):
        train_to_the_end(state)
    assert state.step == 3


def test_a_frozen_adapter_tensor_is_caught_before_any_step(mixture_folder):
    model = attach(load_model(mixture_folder, quantization="nf4", dtype="float32"), AdapterConfig())
    name, tensor = next((name, tensor) for name, tensor in trainable(model) if "experts.lora_B" in name)
    tensor.requires_grad_(False)
    with pytest.raises(ModelError, match=f"1 adapter tensors are frozen: {name}"):
        Audit.start(model, AdapterConfig(), mixture=True)


def test_a_tensor_that_the_optimizer_passes_over_is_caught(started, mixture_folder):
    state = started(mixture_folder)
    name, forgotten = next((name, tensor) for name, tensor in trainable(state.model) if "gate" in name)
    for group in state.optimizer.param_groups:
        group["params"] = [tensor for tensor in group["params"] if tensor is not forgotten]
    with pytest.raises(ModelError, match=f"1 adapter tensors did not move in training: {name}"):
        train_to_the_end(state)


def test_a_part_of_the_model_without_adapters_is_named(mixture_folder):
    model = attach(load_model(mixture_folder, quantization="nf4", dtype="float32"), AdapterConfig(router=False))
    with pytest.raises(ModelError, match="no adapters on router"):
        Audit.start(model, AdapterConfig(), mixture=True)


def test_gradients_that_are_no_numbers_are_told_by_part(started, mixture_folder):
    state = started(mixture_folder)
    for name, tensor in trainable(state.model):
        tensor.grad = torch.full_like(tensor, float("nan" if "gate" in name else "inf" if "experts" in name else "1"))
    assert groups_without_finite_gradients(state.model, state.processes) == ["experts", "router"]


def test_expected_groups_follow_the_config_and_the_kind_of_model():
    assert expected_groups(AdapterConfig(), mixture=True) == {"attention", "experts", "router"}
    assert expected_groups(AdapterConfig(), mixture=False) == {"attention", "mlp"}
    assert expected_groups(AdapterConfig(experts=False, attention=False), mixture=True) == {"router"}
    assert expected_groups(AdapterConfig(embeddings=True), mixture=False) == {"attention", "mlp", "embeddings"}
