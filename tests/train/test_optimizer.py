import pytest
import torch

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach
from qantara.models.loading import load_model
from qantara.train.audit import trainable
from qantara.train.loop import train_step
from qantara.train.optimizer import optimizer_of, set_learning_rates, share_of_peak


@pytest.fixture
def model(mixture_folder):
    return attach(load_model(mixture_folder, quantization="nf4", dtype="float32"), AdapterConfig())


def test_the_optimizer_holds_every_tensor_that_trains_once(model, config):
    optimizer = optimizer_of(model, config)
    held = [id(tensor) for group in optimizer.param_groups for tensor in group["params"]]
    assert sorted(held) == sorted(id(tensor) for _, tensor in trainable(model))
    assert [group["peak"] for group in optimizer.param_groups] == [5e-3, 2e-3]


def test_a_dense_model_has_no_router_group(dense_folder, config):
    model = attach(load_model(dense_folder, quantization="none", dtype="float32"), AdapterConfig())
    assert len(optimizer_of(model, config).param_groups) == 1


def test_every_group_follows_the_schedule_from_its_own_peak(model, config):
    optimizer = optimizer_of(model, config)
    set_learning_rates(optimizer, 5, 20, config)
    assert [group["lr"] for group in optimizer.param_groups] == [5e-3, 2e-3]
    set_learning_rates(optimizer, 0, 20, config)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([5e-3 / 6, 2e-3 / 6])


def test_the_learning_rate_rises_then_falls_and_never_is_zero(config):
    shares = [share_of_peak(step, 20, config) for step in range(20)]
    assert shares[:5] == sorted(shares[:5])
    assert shares[5] == max(shares) == 1.0
    assert shares[5:] == sorted(shares[5:], reverse=True)
    assert min(shares) > 0


def test_8_bit_states_take_a_quarter_of_the_bytes_of_large_tensors(started, mixture_folder):
    state = started(mixture_folder, optimizer="adamw_8bit")
    train_step(state)
    large = [tensor for _, tensor in trainable(state.model) if tensor.numel() >= 4096]
    assert large
    for tensor in large:
        values = state.optimizer.state[tensor]
        assert values["state1"].dtype == values["state2"].dtype == torch.uint8


def test_8_bit_states_are_refused_where_tensors_are_shared_out(model, config):
    with pytest.raises(ModelError, match=r"set train\.optimizer to adamw"):
        optimizer_of(model, config.model_copy(update={"optimizer": "adamw_8bit"}), shared_out=True)
