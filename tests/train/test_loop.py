import pytest
import torch
from accelerate import Accelerator

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach
from qantara.models.loading import load_model
from qantara.train.batches import pack
from qantara.train.loop import LossSums, batch_loss, schedule, train_step, validate
from qantara.train.state import TrainingState


@pytest.fixture
def state(mixture_folder, config):
    model = attach(load_model(mixture_folder, quantization="nf4", dtype="float32"), AdapterConfig(), seed=1)
    return TrainingState.start(model, config)


@pytest.fixture
def model(state):
    return state.model


def test_a_packed_sample_has_the_loss_it_has_alone(model, samples):
    model.eval()
    with torch.no_grad():
        together = batch_loss(model, pack(samples[:3]), balance=False).tokens
        alone = [batch_loss(model, pack([sample]), balance=False).tokens for sample in samples[:3]]
    assert torch.allclose(together, torch.cat(alone), atol=1e-5)


def test_the_loss_is_that_of_the_stock_model_at_learnt_tokens(model, mixture_folder, samples):
    sample = samples[0]
    stock = load_model(mixture_folder, quantization="nf4", dtype="float32")
    tokens = torch.tensor([sample.input_ids])
    model.eval()
    with torch.no_grad():
        found = batch_loss(model, pack([sample]), balance=False).tokens
        log_probabilities = stock(input_ids=tokens).logits.log_softmax(-1)[0]
    wanted = [-log_probabilities[i - 1, t] for i, t in enumerate(sample.input_ids) if sample.loss_mask[i]]
    assert torch.allclose(found, torch.stack(wanted), atol=1e-5)


def test_gradients_do_not_depend_on_how_a_step_is_cut(mixture_folder, samples, config):
    gradients = []
    unbalanced = config.model_copy(update={"router_aux_loss_coefficient": 0.0, "clip_norm": 1000.0})
    for cut in ([samples[:4]], [samples[:1], samples[1:4]]):
        base = load_model(mixture_folder, quantization="nf4", dtype="float32")
        state = TrainingState.start(attach(base, AdapterConfig(), seed=1), unbalanced)
        found = {}
        state.optimizer.register_step_pre_hook(
            lambda optimizer, *_, found=found: found.update(
                enumerate(p.grad.clone() for group in optimizer.param_groups for p in group["params"])
            )
        )
        train_step(state, [pack(members) for members in cut], 6, Accelerator())
        gradients.append(found)
    for i, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][i], atol=1e-6)


def test_evaluating_first_does_not_cost_gradients(state, samples):
    validate(state.model, [samples[:2]], step=0)
    train_step(state, [pack(samples[:3])], 6, Accelerator())
    train_step(state, [pack(samples[3:6])], 6, Accelerator())
    assert state.step == 2


def test_the_balance_loss_reaches_the_routers(model, samples):
    loss = batch_loss(model, pack(samples[:3]), balance=True)
    loss.balance.backward()
    of_routers = [p.grad for name, p in model.named_parameters() if "gate.lora_B" in name]
    assert all(gradient.abs().sum() > 0 for gradient in of_routers)


def test_a_step_trains_routers_at_their_own_rate(state, samples):
    train_step(state, [pack(samples[:3])], 6, Accelerator())
    rates = [group["lr"] for group in state.optimizer.param_groups]
    assert rates[0] / rates[1] == pytest.approx(state.config.learning_rate / state.config.router_learning_rate)


def test_divergence_is_an_error_that_says_what_to_do(state, samples):
    with torch.no_grad():
        next(p for p in state.model.parameters() if p.requires_grad).fill_(float("nan"))
    with pytest.raises(ModelError, match=r"lower train\.learning_rate"):
        train_step(state, [pack(samples[:3])], 6, Accelerator())


def test_the_learning_rate_rises_then_falls_and_never_is_zero(config):
    rates = [schedule(step, 20, config) for step in range(20)]
    assert rates[:5] == sorted(rates[:5])
    assert rates[5] == max(rates) == 1.0
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert min(rates) > 0


def test_loss_sums_are_means_by_language_and_of_all():
    sums = LossSums()
    sums.add(torch.tensor([1.0, 3.0]), ["en", "ar"])
    sums.add(torch.tensor([2.0]), ["en"])
    found = {p.language: (p.loss, p.num_tokens) for p in sums.points(4, "train")}
    assert found == {"all": (2.0, 3), "ar": (3.0, 1), "en": (1.5, 2)}
