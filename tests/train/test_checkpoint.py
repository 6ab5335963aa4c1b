import pytest
import torch

from qantara.records import LossPoint
from qantara.train.audit import trainable
from qantara.train.batches import prepare
from qantara.train.checkpoint import FILE, resume, run_key, save
from qantara.train.loop import train_step


@pytest.fixture
def fresh(started, mixture_folder):
    def make(**changes):
        return started(mixture_folder, **changes)

    return make


def tensors_of(state):
    return {name: tensor.detach().clone() for name, tensor in trainable(state.model)}


@pytest.mark.parametrize("optimizer", ["adamw", "adamw_8bit"])
def test_a_checkpoint_brings_back_all_that_the_next_step_follows_from(fresh, tmp_path, optimizer):
    saved, restored = fresh(optimizer=optimizer), fresh(optimizer=optimizer)
    for _ in range(3):
        train_step(saved)
    saved.points.append(LossPoint(step=1, fold="train", language="ar", source="all", loss=1.5, num_tokens=7))
    save(saved, tmp_path, "key")
    assert resume(restored, tmp_path, "key")
    assert (restored.step, restored.points) == (3, saved.points)
    assert restored.audit == saved.audit
    sums = [train_step(state).totals.tolist() for state in (saved, restored)]
    assert sums[0] == sums[1]
    after = [tensors_of(state) for state in (saved, restored)]
    assert all(torch.equal(tensor, after[1][name]) for name, tensor in after[0].items())


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


def test_the_key_follows_samples_order_settings_seed_and_start(samples, order, config, tmp_path):
    def key(given=samples, seed=1, start=None, **changes):
        changed = config.model_copy(update=changes)
        return run_key(prepare(given, order, changed), changed, seed, start)

    (tmp_path / "adapter").write_bytes(b"1")
    others = [
        key(seed=2),
        key(given=(*samples[:-1], samples[0])),
        key(max_steps=5),
        key(learning_rate=1e-4),
        key(start=tmp_path),
    ]
    (tmp_path / "adapter").write_bytes(b"2")
    others.append(key(start=tmp_path))
    assert key() == key()
    assert len({key(), *others}) == len(others) + 1


def test_how_a_run_is_held_and_shared_out_does_not_change_its_key(samples, order, config):
    changed = config.model_copy(
        update={
            "processes": "fsdp",
            "gradient_checkpointing": True,
            "checkpoint_every_steps": 9,
            "transient_mebibytes": 1,
        }
    )
    data = prepare(samples, order, config)
    assert run_key(data, changed, 1) == run_key(data, config, 1)
