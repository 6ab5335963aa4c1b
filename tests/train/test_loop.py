import pytest
import torch

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.loading import load_model
from qantara.train.audit import trainable
from qantara.train.batches import pack
from qantara.train.loop import batch_loss, train_step, validate
from qantara.train.sample_columns import columns_of
from qantara.training_order import Piece


@pytest.fixture
def state(started, mixture_folder):
    return started(mixture_folder)


def packed(samples, *places):
    return pack(columns_of(samples), [Piece(i, 0, len(samples[i].input_ids)) for i in places])


def test_a_packed_sample_has_the_loss_it_has_alone(state, samples):
    state.model.eval()
    with torch.no_grad():
        together = batch_loss(state.model, packed(samples, 0, 1, 2), balance=False).tokens
        alone = [batch_loss(state.model, packed(samples, i), balance=False).tokens for i in range(3)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-5)


def test_the_loss_is_that_of_the_stock_model_at_learnt_tokens(state, mixture_folder, samples):
    sample = samples[0]
    stock = load_model(mixture_folder, quantization="nf4", dtype="float32")
    tokens = torch.tensor([sample.input_ids])
    state.model.eval()
    with torch.no_grad():
        found = batch_loss(state.model, packed(samples, 0), balance=False).tokens
        log_probabilities = stock(input_ids=tokens).logits.log_softmax(-1)[0]
    wanted = [-log_probabilities[i - 1, t] for i, t in enumerate(sample.input_ids) if sample.loss_mask[i]]
    assert torch.allclose(found, torch.stack(wanted), atol=1e-5)


def test_gradients_do_not_depend_on_how_a_step_is_cut(started, mixture_folder):
    gradients = []
    for tokens, number in ((128, 1), (64, 3)):
        state = started(mixture_folder, micro_batch_tokens=tokens, router_aux_loss_coefficient=0.0, clip_norm=1000.0)
        assert len(state.data.micro_batches(0)) == number
        found = {}
        state.optimizer.register_step_pre_hook(
            lambda optimizer, *_, found=found: found.update(
                enumerate(p.grad.clone() for group in optimizer.param_groups for p in group["params"])
            )
        )
        train_step(state)
        gradients.append(found)
    for i, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][i], atol=1e-6)


def test_evaluating_first_does_not_cost_gradients(state):
    validate(state)
    train_step(state)
    train_step(state)
    assert state.step == 2


def test_the_balance_loss_reaches_the_routers(state, samples):
    batch_loss(state.model, packed(samples, 0, 1, 2), balance=True).balance.backward()
    of_routers = [p.grad for name, p in state.model.named_parameters() if "gate.lora_B" in name]
    assert of_routers
    assert all(gradient.abs().sum() > 0 for gradient in of_routers)


def test_a_step_trains_routers_at_their_own_rate(state):
    train_step(state)
    rates = [group["lr"] for group in state.optimizer.param_groups]
    assert rates[0] / rates[1] == pytest.approx(state.config.learning_rate / state.config.router_learning_rate)


def test_divergence_is_an_error_that_says_where_and_what_to_do(state):
    with torch.no_grad():
        next(p for name, p in trainable(state.model) if "lora_A" in name).fill_(float("nan"))
    with pytest.raises(
        ModelError, match=r"diverged at step 1 \(gradients of .*attention.*\): lower train\.learning_rate"
    ):
        train_step(state)


def test_dropout_follows_from_seed_and_step_and_leaves_other_draws_alone(started, mixture_folder):
    losses, draws = [], []
    for _ in range(2):
        state = started(mixture_folder, adapter=AdapterConfig(dropout=0.5))
        torch.manual_seed(len(draws))
        losses.append([train_step(state).totals.tolist() for _ in range(3)])
        drawn = torch.rand(1)
        torch.manual_seed(len(draws))
        draws.append(torch.equal(drawn, torch.rand(1)))
    assert losses[0] == losses[1]
    assert draws == [True, True]
    state.seed = 2
    state.step = 2
    assert train_step(state).totals.tolist() != losses[1][2]


def test_every_micro_batch_draws_from_a_seed_of_its_own(state):
    seeds = []
    state.model.register_forward_pre_hook(lambda *_: seeds.append(torch.initial_seed()))
    for _ in range(3):
        train_step(state)
    assert len(set(seeds)) == len(seeds) == sum(len(state.data.micro_batches(step)) for step in range(3))


def test_validation_scores_the_same_pieces_without_dropout(started, mixture_folder):
    state = started(mixture_folder, adapter=AdapterConfig(dropout=0.5))
    assert validate(state) == validate(state)
    assert {point.fold for point in validate(state)} == {"validation"}
