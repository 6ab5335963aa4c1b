import numpy as np
import pytest

from qantara.mix.data_sets import amounts_of, data_sets_of


def only(samples, unit="tokens", seed=1, max_tokens=1000):
    (found,) = data_sets_of(samples, range(len(samples)), max_tokens, unit, seed)
    return found


def test_samples_fall_into_data_sets_by_language_and_source(make_samples):
    samples = [*make_samples(3, "en", "b"), *make_samples(2, "ar", "b"), *make_samples(4, "en", "a")]
    found = data_sets_of(samples, range(1, len(samples)), 1000, "tokens", 1)
    assert [(d.language, d.source, d.pieces.samples.tolist()) for d in found] == [
        ("ar", "b", [3, 4]),
        ("en", "a", [5, 6, 7, 8]),
        ("en", "b", [1, 2]),
    ]


def test_nothing_comes_twice_before_all_had_their_turn_and_each_epoch_is_shuffled_anew(make_samples):
    data_set = only(make_samples(50))
    drawn = data_set.drawn(3 * data_set.size, 3 * data_set.size).reshape(3, 50)
    for epoch in drawn:
        assert sorted(epoch.tolist()) == list(range(50))
    assert len({tuple(epoch) for epoch in drawn.tolist()} | {tuple(range(50))}) == 4


def test_other_records_do_not_change_which_of_two_comes_first(make_samples):
    samples = make_samples(60)
    few = [samples[i].example_id for i in only(samples[:30]).drawn(1, 10**9)]
    many = [samples[i].example_id for i in only(samples).drawn(1, 10**9)]
    turned = samples[::-1]
    assert [name for name in many if name in set(few)] == few
    assert [turned[i].example_id for i in only(turned).drawn(1, 10**9)] == many
    assert [samples[i].example_id for i in only(samples, seed=2).drawn(1, 10**9)] != many


@pytest.mark.parametrize(("max_epochs", "least", "most"), [(1.0, 20, 20), (2.0, 40, 40), (2.3, 46, 46), (0.26, 5, 5)])
def test_epochs_of_pieces_are_whole_pieces(make_samples, max_epochs, least, most):
    data_set = only(make_samples(20), unit="samples")
    assert least <= data_set.most(max_epochs) <= most
    assert len(data_set.drawn(10**6, data_set.most(max_epochs))) == most


def test_a_part_of_an_epoch_in_tokens_is_never_passed(make_samples):
    data_set = only(make_samples(40))
    most = data_set.most(1.37)
    drawn = data_set.drawn(10**6, most)
    assert data_set.amounts[drawn].sum() == most <= 1.37 * data_set.size < most + 60


def test_drawing_stops_after_the_epoch_that_holds_enough(make_samples):
    data_set = only(make_samples(20))
    assert len(data_set.drawn(data_set.size + 1, 50 * data_set.size)) == 40
    assert len(data_set.drawn(0, 50 * data_set.size)) == 0


def test_a_long_passage_is_drawn_in_pieces_that_are_shuffled_too(make_sample):
    samples = [make_sample("long", 950, kind="passage"), make_sample("short", 40)]
    data_set = only(samples, max_tokens=100)
    drawn = data_set.drawn(1, data_set.size)
    starts = [int(data_set.pieces.starts[i]) for i in drawn if data_set.pieces.samples[i] == 0]
    assert sorted(starts) == [95 * i for i in range(10)] != starts
    assert set(data_set.pieces.num_tokens.tolist()) == {95, 40}


def test_the_ratio_counts_tokens_or_pieces(make_samples):
    pieces = only(make_samples(3)).pieces
    assert amounts_of(pieces, "tokens").tolist() == pieces.num_tokens.tolist()
    assert np.array_equal(amounts_of(pieces, "samples"), [1, 1, 1])
