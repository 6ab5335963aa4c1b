import pytest
import torch

from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach
from qantara.models.loading import load_model
from qantara.records import LossPoint
from qantara.train.audit import digests, trainable
from qantara.train.checkpoint import FILE, resume, run_key, save
from qantara.train.state import TrainingState


@pytest.fixture
def fresh(mixture_folder, config):
    def make():
        model = load_model(mixture_folder, quantization="nf4", dtype="float32")
        return TrainingState.start(attach(model, AdapterConfig(), seed=1), config)

    return make


def one_update(state):
    state.model(input_ids=torch.arange(2, 30)[None], sample_lengths=(28,)).logits.logsumexp(-1).sum().backward()
    state.optimizer.step()
    state.optimizer.zero_grad()
    state.step += 1


def test_a_checkpoint_brings_back_tensors_optimizer_step_and_losses(fresh, tmp_path):
    saved, restored = fresh(), fresh()
    one_update(saved)
    saved.points.append(LossPoint(step=1, fold="train", language="ar", loss=1.5, num_tokens=7))
    save(saved, tmp_path, "key")
    assert resume(restored, tmp_path, "key")
    assert (restored.step, restored.points) == (1, saved.points)
    one_update(saved)
    one_update(restored)
    assert digests(restored.model) == digests(saved.model)


def test_nothing_of_another_run_or_of_a_broken_file_is_taken(fresh, tmp_path):
    state = fresh()
    assert not resume(state, tmp_path, "key")
    save(state, tmp_path, "key")
    assert not resume(state, tmp_path, "another")
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:1000])
    assert not resume(state, tmp_path, "key")
    (tmp_path / FILE).write_bytes(b"no checkpoint")
    assert not resume(state, tmp_path, "key")


def test_only_the_newest_checkpoint_is_kept_and_holds_adapters_alone(fresh, tmp_path):
    state = fresh()
    save(state, tmp_path, "key")
    save(state, tmp_path, "key")
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    content = torch.load(tmp_path / FILE, weights_only=True)
    assert set(content["tensors"]) == {name for name, _ in trainable(state.model)}


def test_the_key_follows_samples_config_and_seed(samples, config):
    key = run_key(samples, config, 1)
    assert run_key(samples, config, 1) == key
    assert run_key(samples, config, 2) != key
    assert run_key(samples[1:], config, 1) != key
    assert run_key(samples, config.model_copy(update={"learning_rate": 1e-4}), 1) != key
