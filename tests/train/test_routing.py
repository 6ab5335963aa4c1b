import logging

import pytest
import torch

from qantara.models.layouts import routers_of
from qantara.train.loop import train_step
from qantara.train.processes import Processes


@pytest.fixture
def state(started, mixture_folder):
    return started(mixture_folder, max_steps=12)


def test_every_trained_token_is_counted_once_for_its_language(state):
    for _ in range(2):
        train_step(state)
    counted = state.routing.state(state.processes)["counts"][1].tolist()
    pieces = [piece for step in (0, 1) for members in state.data.micro_batches(step) for piece in members]
    languages = state.data.samples.languages
    assert counted == [sum(p.num_tokens for p in pieces if languages[p.sample] == code) for code in (0, 1)]


def test_gradient_checkpointing_counts_no_token_twice(started, mixture_folder):
    counts = []
    for checkpointing in (False, True):
        state = started(mixture_folder, gradient_checkpointing=checkpointing)
        train_step(state)
        counts.append(state.routing.state(state.processes)["counts"])
    assert all(torch.equal(*pair) for pair in zip(*counts, strict=True))


def test_a_telling_covers_the_steps_since_the_last_one(state):
    train_step(state)
    state.routing.tell(1, state.processes)
    train_step(state)
    state.routing.tell(2, state.processes)
    first, second = state.routing.rows
    assert (first["step"], second["step"]) == (1, 2)
    assert set(first["entropy"]) == {"ar", "en"}
    assert all(0 < value <= 1 for value in first["entropy"].values())
    assert set(second["entropy"]) == {"en"}  # step 2 holds English samples only
    assert 0 <= first["specialization"]["ar-en"] <= 1
    assert second["specialization"] == {}
    assert [row["layer"] for row in state.routing.layers] == [0, 1]
    assert all(sum(row["share"]) == pytest.approx(1, abs=1e-3) for row in state.routing.layers)


def test_an_expert_that_no_token_goes_to_is_warned_of(state, caplog):
    _, router = next(routers_of(state.model))
    router.register_forward_hook(lambda _, __, out: (out[0], out[1], out[2].clamp(max=2)))  # none goes to the last one
    with caplog.at_level(logging.WARNING, logger="qantara.train.routing"):
        for _ in range(4):
            train_step(state)
        state.routing.tell(4, state.processes)
    assert state.routing.rows[-1]["dead_experts"] == [[0, 3]]
    assert "step 4: 1 experts get almost no token (layer/expert): 0/3" in caplog.text


def test_counts_go_on_from_a_checkpoint(started, mixture_folder):
    whole, first, second = (started(mixture_folder, learning_rate=1e-9, router_learning_rate=1e-9) for _ in range(3))
    for _ in range(2):
        train_step(whole)
    train_step(first)
    second.routing.resume(first.routing.state(first.processes), Processes())
    second.step = 1
    train_step(second)
    pair = (run.routing.state(run.processes)["counts"] for run in (whole, second))
    assert all(torch.allclose(one, other) for one, other in zip(*pair, strict=True))


def test_a_dense_model_tells_nothing(started, dense_folder):
    state = started(dense_folder, quantization="none")
    train_step(state)
    state.routing.tell(1, state.processes)
    assert state.routing.state(state.processes) == {"rows": [], "layers": [], "counts": []}
