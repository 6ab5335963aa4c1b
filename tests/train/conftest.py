"""Tiny models with random weights and samples that can be learnt, for the tests of training."""

import random
from pathlib import Path

import pytest
import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from qantara.models.adapters import attach
from qantara.models.loading import load_model
from qantara.records import Sample
from qantara.train.batches import prepare
from qantara.train.stage import TrainConfig
from qantara.train.state import TrainingState
from qantara.training_order import Piece, TrainingOrder

VOCABULARY = 128
SIZES = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": VOCABULARY,
    "tie_word_embeddings": True,
}


@pytest.fixture(autouse=True)
def _one_thread():
    """Tiny products gain nothing from a second thread and lose much where the machine is busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def mixture_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixture")
    torch.manual_seed(0)
    MixtralForCausalLM(MixtralConfig(**SIZES, num_local_experts=4, num_experts_per_tok=2)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def qwen_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("qwen")
    torch.manual_seed(0)
    sizes = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 64, "head_dim": 16}
    Qwen3MoeForCausalLM(Qwen3MoeConfig(**SIZES, **sizes)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def dense_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dense")
    torch.manual_seed(0)
    LlamaForCausalLM(LlamaConfig(**SIZES)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def samples():
    """40 samples of counting sequences, 16 to 40 tokens, a third of them "ar", an eighth held out."""
    draw = random.Random(0)
    made = []
    for i in range(40):
        length, first = draw.randint(16, 40), draw.randint(2, VOCABULARY - 1)
        made.append(
            Sample(
                example_id=f"sample-{i:02}",
                family=f"family-{i:02}",
                language="ar" if i % 3 == 0 else "en",
                source="arabic" if i % 3 == 0 else "english",
                kind="answer",
                fold="validation" if i % 8 == 7 else "train",
                input_ids=tuple((first + 3 * j) % VOCABULARY for j in range(length)),
                loss_mask=tuple(j >= length // 2 for j in range(length)),
            )
        )
    return tuple(made)


@pytest.fixture(scope="session")
def order(samples):
    """Three passes over the training samples, each in another order."""
    places = [i for i, sample in enumerate(samples) if sample.fold == "train"]
    passes = [random.Random(epoch).sample(places, len(places)) for epoch in range(3)]
    return TrainingOrder.of(Piece(i, 0, len(samples[i].input_ids)) for members in passes for i in members)


@pytest.fixture
def started(samples, order, config):
    """A function that starts a run on the model in a folder, with settings changed."""

    def start(folder, quantization="nf4", **changes):
        changed = config.model_copy(update=changes)
        model = load_model(folder, quantization=quantization, dtype="float32")
        return TrainingState.start(attach(model, changed.adapter, 1), changed, prepare(samples, order, changed), seed=1)

    return start


@pytest.fixture(scope="session")
def config():
    return TrainConfig(
        model=f"path:{Path('tiny')}",
        dtype="float32",
        learning_rate=5e-3,
        router_learning_rate=2e-3,
        batch_tokens=128,
        micro_batch_tokens=64,
        max_tokens=64,
        max_steps=6,
        evaluate_every_steps=3,
        checkpoint_every_steps=2,
    )


@pytest.fixture(scope="session")
def run_to_end():
    """Return a function that drives a stage's generator and returns what it yielded and what it returned."""

    def run(generator):
        points = []
        while True:
            try:
                points.append(next(generator))
            except StopIteration as end:
                return points, end.value

    return run
