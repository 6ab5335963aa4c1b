import numpy as np

from qantara.train.sample_columns import columns_of
from qantara.training_order import Piece, TrainingOrder


def test_columns_hold_what_the_samples_hold(samples):
    columns = columns_of(iter(samples))
    assert len(columns) == len(samples)
    for i, sample in enumerate(samples):
        part = slice(int(columns.offsets[i]), int(columns.offsets[i + 1]))
        assert tuple(columns.tokens[part].tolist()) == sample.input_ids
        assert tuple(columns.learnt[part].tolist()) == sample.loss_mask
        assert columns.language_names[columns.languages[i]] == sample.language
        assert columns.source_names[columns.sources[i]] == sample.source
        assert columns.trained[i] == (sample.fold == "train")
    assert [samples[place].example_id for place in columns.validation] == sorted(
        sample.example_id for sample in samples if sample.fold == "validation"
    )


def test_learnt_tokens_of_a_piece_leave_out_its_first(samples):
    columns = columns_of(samples)
    mask = samples[1].loss_mask
    pieces = [Piece(1, 0, len(mask)), Piece(1, len(mask) // 2, 5), Piece(1, 0, 2), Piece(1, 3, 1)]
    wanted = [sum(mask[piece.start + 1 : piece.start + piece.num_tokens]) for piece in pieces]
    assert columns.num_learnt(TrainingOrder.of(pieces)).tolist() == wanted
    assert wanted[1:] == [4, 0, 0]


def test_the_digest_follows_every_column(samples):
    digest = columns_of(samples).digest
    assert columns_of(samples).digest == digest
    assert columns_of(samples[1:]).digest != digest
    assert columns_of(samples[::-1]).digest != digest


def test_no_samples_are_empty_columns():
    columns = columns_of([])
    assert (len(columns), columns.language_names, columns.validation) == (0, (), ())
    assert np.array_equal(columns.lengths, [])
