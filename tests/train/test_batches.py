import dataclasses

import numpy as np
import pytest

from qantara.errors import DataError
from qantara.train.batches import pack, prepare
from qantara.train.sample_columns import columns_of
from qantara.training_order import Piece, TrainingOrder


def pieces_of(data):
    return [piece for step in range(data.num_steps) for members in data.micro_batches(step) for piece in members]


def num_tokens(pieces):
    return sum(piece.num_tokens for piece in pieces)


def test_a_packed_row_predicts_each_learnt_token_from_the_one_before(samples):
    first, second = samples[:2]
    batch = pack(columns_of(samples), [Piece(0, 0, len(first.input_ids)), Piece(1, 0, len(second.input_ids))])
    assert batch.num_tokens == len(first.input_ids) + len(second.input_ids)
    assert batch.input_ids[0].tolist() == [*first.input_ids, *second.input_ids]
    assert batch.position_ids[0].tolist() == [*range(len(first.input_ids)), *range(len(second.input_ids))]
    for row, target in zip(batch.rows.tolist(), batch.targets.tolist(), strict=True):
        assert batch.input_ids[0, row + 1] == target
    assert len(batch.languages) == sum(first.loss_mask) + sum(second.loss_mask)


def test_learnt_tokens_and_positions_know_their_language_and_source(samples):
    columns = columns_of(samples)
    batch = pack(columns, [Piece(0, 0, len(samples[0].input_ids)), Piece(1, 0, len(samples[1].input_ids))])
    learnt = [sum(sample.loss_mask) for sample in samples[:2]]
    assert [columns.language_names[code] for code in batch.languages] == ["ar"] * learnt[0] + ["en"] * learnt[1]
    assert [columns.source_names[code] for code in batch.sources] == ["arabic"] * learnt[0] + ["english"] * learnt[1]
    assert batch.groups[0].tolist() == [0] * len(samples[0].input_ids) + [1] * len(samples[1].input_ids)


def test_the_first_token_of_a_piece_is_never_a_target(samples):
    everything = dataclasses.replace(samples[1], loss_mask=(True,) * len(samples[1].input_ids))
    batch = pack(columns_of([everything]), [Piece(0, 0, 6), Piece(0, 6, 5)])
    assert batch.rows.tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert batch.targets.tolist() == [*everything.input_ids[1:6], *everything.input_ids[7:11]]
    assert batch.position_ids[0].tolist() == [*range(6), *range(5)]


def test_steps_hold_the_order_as_it_is_and_keep_to_their_sizes(samples, order, config):
    data = prepare(samples, order, config.model_copy(update={"max_steps": None}))
    wanted = list(order)
    for step in range(data.num_steps):
        members = [piece for micro_batch in data.micro_batches(step) for piece in micro_batch]
        assert sorted(members) == sorted(wanted[: len(members)])
        del wanted[: len(members)]
        assert num_tokens(members) <= config.batch_tokens
        assert not wanted or num_tokens(members) + wanted[0].num_tokens > config.batch_tokens
        assert all(num_tokens(micro_batch) <= config.micro_batch_tokens for micro_batch in data.micro_batches(step))
    assert wanted == []


def test_micro_batches_are_filled_by_best_fit(samples, config):
    lengths = (40, 30, 30, 24, 20)
    held = [
        dataclasses.replace(samples[0], example_id=str(i), input_ids=(5,) * n, loss_mask=(True,) * n, fold="train")
        for i, n in enumerate(lengths)
    ]
    order = TrainingOrder.of(Piece(i, 0, n) for i, n in [*enumerate(lengths)] * 2)
    data = prepare(held, order, config.model_copy(update={"batch_tokens": 144, "max_steps": None}))
    assert [[piece.num_tokens for piece in members] for members in data.micro_batches(0)] == [[40, 24], [30, 30], [20]]


def test_steps_beyond_the_most_are_left_out(samples, order, config):
    data = prepare(samples, order, config)
    assert data.num_steps == config.max_steps
    assert (
        pieces_of(data)
        == pieces_of(prepare(samples, order, config.model_copy(update={"max_steps": None})))[: len(data.order)]
    )


def test_long_pieces_and_those_without_a_learnt_token_are_left_out_and_counted(samples, order, config):
    silent = dataclasses.replace(samples[0], loss_mask=(False,) * len(samples[0].input_ids))
    long = dataclasses.replace(samples[1], input_ids=(5,) * 100, loss_mask=(True,) * 100)
    pieces = [Piece(0, 0, 10), Piece(1, 0, 100), *(piece for piece in order if piece.sample > 1)]
    data = prepare([silent, long, *samples[2:]], TrainingOrder.of(pieces), config)
    assert (data.num_too_long, data.num_nothing_learnt) == (1, 1)
    assert not {0, 1} & {piece.sample for piece in pieces_of(data)}


def test_validation_is_the_same_however_samples_are_ordered_and_within_its_limit(samples, order, config):
    def ids(given, **changes):
        places = {sample.example_id: i for i, sample in enumerate(given)}
        moved = TrainingOrder.of(Piece(places[samples[p.sample].example_id], p.start, p.num_tokens) for p in order)
        data = prepare(given, moved, config.model_copy(update=changes))
        return [given[piece.sample].example_id for members in data.validation for piece in members]

    everything = ids(samples)
    assert (
        sorted(everything) == sorted(ids(samples[::-1])) == sorted(s.example_id for s in samples if s.fold != "train")
    )
    least = ids(samples, validation_tokens=1)
    of_language = {"ar": "sample-15", "en": "sample-07"}
    assert sorted(least) == sorted(of_language.values())
    assert set(ids(samples, validation_tokens=60)) > set(least)


def test_a_long_passage_is_validated_in_pieces(samples, order, config):
    passage = dataclasses.replace(samples[7], input_ids=(9,) * 150, loss_mask=(True,) * 150)
    data = prepare([*samples[:7], passage, *samples[8:]], order, config)
    assert sorted(p for members in data.validation for p in members if p.sample == 7) == [
        Piece(7, 0, 50),
        Piece(7, 50, 50),
        Piece(7, 100, 50),
    ]


def test_no_training_piece_is_an_error_that_says_why(samples, config):
    with pytest.raises(DataError, match="nothing to train on is left of 0 pieces"):
        prepare(samples, TrainingOrder.of([]), config)


@pytest.mark.parametrize("piece", [Piece(40, 0, 5), Piece(0, 10, 31), Piece(7, 0, 5), Piece(-1, 0, 5), Piece(0, 0, 0)])
def test_an_order_of_other_samples_is_refused(samples, order, config, piece):
    with pytest.raises(DataError, match="run the mix stage again"):
        prepare(samples, TrainingOrder.of([*order, piece]), config)


def test_one_step_is_too_little_to_train_adapters(samples, order, config):
    with pytest.raises(DataError, match=r"lower train\.batch_tokens"):
        prepare(samples, order, config.model_copy(update={"max_steps": None, "batch_tokens": 100_000}))


def test_a_million_pieces_take_no_list_of_tokens(samples, order, config):
    repeated = TrainingOrder(*(np.tile(column, 10_000) for column in (order.samples, order.starts, order.num_tokens)))
    data = prepare(samples, repeated, config.model_copy(update={"max_steps": None}))
    assert len(data.order) == len(repeated) > 1_000_000
    assert data.samples.tokens.nbytes == 4 * sum(len(sample.input_ids) for sample in samples)
