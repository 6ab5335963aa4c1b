import pytest

from qantara.mix.data_sets import data_sets_of
from qantara.mix.realized import kept_totals, ratio_rows, source_totals, source_uses
from qantara.training_order import Piece, TrainingOrder


def test_uses_count_repeats_and_different_samples_apart(make_sample):
    samples = [
        make_sample("a", 10, "en", "one"),
        make_sample("b", 30, "en", "two", "passage"),
        make_sample("c", 20, "ar", "one"),
        make_sample("d", 8, "ar", "two"),
    ]
    sets = data_sets_of(samples, range(4), 15, "tokens", 1)
    order = TrainingOrder.of([Piece(0, 0, 10), Piece(1, 15, 15), Piece(0, 0, 7), Piece(2, 0, 20), Piece(1, 0, 15)])
    uses = {(use.language, use.source): use for use in source_uses(sets, samples, order)}
    english = uses["en", "one"]
    assert (english.available_tokens, english.tokens, english.pieces, english.samples) == (10, 17, 2, 1)
    assert (english.epochs, english.learnt_tokens) == (1.7, 5 + 2)
    passage = uses["en", "two"]
    assert (passage.tokens, passage.pieces, passage.samples, passage.learnt_tokens) == (30, 2, 1, 28)
    assert (uses["ar", "two"].tokens, uses["ar", "two"].epochs) == (0, 0.0)


def test_totals_count_each_kept_sample_once_and_name_every_language(make_sample):
    samples = [make_sample("a", 10), make_sample("b", 5, fold="validation"), make_sample("c", 7)]
    assert kept_totals(samples, ["en", "ar"], tokens=True) == {
        "train": {"en": 17, "ar": 0},
        "validation": {"en": 5, "ar": 0},
    }
    assert kept_totals(samples, ["en", "ar"], tokens=False)["train"]["en"] == 2
    assert source_totals(samples) == {
        "train": {"test": {"tokens": 17, "samples": 2}},
        "validation": {"test": {"tokens": 5, "samples": 1}},
    }


@pytest.mark.parametrize(
    ("num_pieces", "ends"),
    [(0, []), (7, [7]), (1000, [1000]), (2500, [1000, 2000, 2500]), (100_001, [*range(2000, 100_001, 2000), 100_001])],
)
def test_the_ratio_is_told_at_every_thousand_pieces_and_at_the_end_in_at_most_a_hundred_rows(
    make_sample, num_pieces, ends
):
    samples = [make_sample("a", 10, "en"), make_sample("b", 20, "ar")]
    order = TrainingOrder.of([Piece(i % 2, 0, 10 + i % 2 * 10) for i in range(num_pieces)])
    rows = ratio_rows(["ar", "en"], samples, order)
    assert [row["after_pieces"] for row in rows] == ends
    for row in rows:
        end = row["after_pieces"]
        assert row["pieces"] == {"ar": end // 2, "en": end - end // 2}
        assert row["tokens"] == {"ar": end // 2 * 20, "en": (end - end // 2) * 10}
