import dataclasses

import pytest

from qantara.errors import DataError
from qantara.train.batches import num_tokens, pack, prepare


def test_a_packed_row_predicts_each_learnt_token_from_the_one_before(samples):
    batch = pack(samples[:2])
    first, second = samples[:2]
    assert batch.num_tokens == num_tokens([first, second])
    assert batch.position_ids[0, len(first.input_ids)] == 0
    for row, target in zip(batch.rows.tolist(), batch.targets.tolist(), strict=True):
        assert batch.input_ids[0, row + 1] == target
    assert len(batch.languages) == sum(first.loss_mask) + sum(second.loss_mask)


def test_the_first_token_of_a_sample_is_never_predicted_from_its_neighbor(samples):
    everything = dataclasses.replace(samples[1], loss_mask=(True,) * len(samples[1].input_ids))
    batch = pack([samples[0], everything])
    assert len(samples[0].input_ids) - 1 not in batch.rows.tolist()


def test_batches_keep_to_their_sizes_and_hold_every_sample_once_an_epoch(samples, config):
    one_epoch = config.model_copy(update={"max_steps": None, "epochs": 1.0})
    data = prepare(samples, one_epoch, seed=1)
    trained = [sample for step in data.plan for members in step for sample in members]
    assert sorted(s.example_id for s in trained) == sorted(s.example_id for s in samples if s.fold == "train")
    for step in data.plan:
        assert num_tokens(s for members in step for s in members) <= config.batch_tokens
        assert all(num_tokens(members) <= config.micro_batch_tokens for members in step)


def test_the_order_follows_seed_and_epoch_and_not_the_order_given(samples, config):
    two_epochs = config.model_copy(update={"max_steps": None, "epochs": 2.0})
    plan = prepare(samples, two_epochs, seed=1).plan
    assert prepare(tuple(reversed(samples)), two_epochs, seed=1).plan == plan
    assert prepare(samples, two_epochs, seed=2).plan != plan
    half = len(plan) // 2
    assert plan[:half] != plan[half : 2 * half]


def test_part_of_an_epoch_is_that_share_of_the_tokens(samples, config):
    whole = sum(len(s.input_ids) for s in samples if s.fold == "train")
    part = prepare(samples, config.model_copy(update={"max_steps": None, "epochs": 0.5}), seed=1)
    trained = num_tokens(s for step in part.plan for members in step for s in members)
    assert 0.5 * whole <= trained <= 0.5 * whole + config.batch_tokens


def test_long_samples_and_those_without_an_answer_are_left_out_and_counted(samples, config):
    silent = dataclasses.replace(samples[0], loss_mask=(False,) * len(samples[0].input_ids))
    long = dataclasses.replace(samples[1], input_ids=(5,) * 100, loss_mask=(True,) * 100)
    data = prepare([silent, long, *samples[2:]], config, seed=1)
    assert (data.num_too_long, data.num_nothing_learnt) == (1, 1)
    used = {s.example_id for step in data.plan for members in step for s in members}
    assert not used & {silent.example_id, long.example_id}


def test_one_step_is_too_little_to_train_adapters(samples, config):
    with pytest.raises(DataError, match=r"lower train\.batch_tokens"):
        prepare(samples, config.model_copy(update={"max_steps": None, "batch_tokens": 100_000}), seed=1)
