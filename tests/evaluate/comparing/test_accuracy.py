from dataclasses import replace

import pytest

from qantara.evaluate.comparing.accuracy import accuracy_rows, extraction_rows
from qantara.intervals import wilson


def test_accuracy_counts_all_that_was_asked(answers):
    (row,) = accuracy_rows(answers("ar", "RRRWWUUR"))
    share = wilson(4, 8)
    assert row == {
        "model": "m",
        "task": "t",
        "arm": "ar",
        "scoring": "letter",
        "normalization": "sum",
        "num_items": 8,
        "num_correct": 4,
        "accuracy": 0.5,
        "low": share.low,
        "high": share.high,
        "chance": 0.25,
        "majority": 0.25,
        "above_chance": False,
        "above_majority": False,
        "num_unread": 2,
        "num_close": 2,  # the unread ones: all their log-probabilities are the same
    }


def test_chance_is_the_mean_over_items_and_majority_the_best_constant_index(answers):
    items = answers("en", "RRRR" * 10)
    items = [replace(p, log_probabilities=p.log_probabilities[:2]) if p.answer_index < 2 else p for p in items]
    items = [replace(p, answer_index=0) if p.answer_index == 3 else p for p in items]
    (row,) = accuracy_rows(items)
    assert row["chance"] == pytest.approx((20 / 2 + 20 / 4) / 40)
    assert (row["majority"], row["accuracy"]) == (0.5, 0.75)
    assert (row["above_chance"], row["above_majority"]) == (True, True)


def test_an_interval_that_reaches_the_majority_is_not_above_it(answers):
    items = [replace(p, answer_index=0, chosen_index=0) for p in answers("en", "RRRRRRRR")]
    (row,) = accuracy_rows(items)
    assert (row["accuracy"], row["majority"], row["above_majority"], row["above_chance"]) == (1.0, 1.0, False, True)


def test_the_number_of_options_of_generated_replies_comes_from_elsewhere(answers):
    generated = answers("en", "RW", scoring="generate", normalization="")
    assert accuracy_rows(generated)[0]["chance"] is None
    assert accuracy_rows(generated)[0]["above_chance"] is None
    assert accuracy_rows(generated, {"f0": 5, "f1": 5})[0]["chance"] == pytest.approx(0.2)
    assert [row["chance"] for row in accuracy_rows([*generated, *answers("en", "RW")])] == [0.25, 0.25]


def test_two_best_within_a_hundredth_are_close(answers):
    (item,) = answers("en", "R")
    for scores, close in (((-1.0, -1.009, -5.0), 1), ((-1.0, -1.011, -5.0), 0), ((-1.0,), 0)):
        (row,) = accuracy_rows([replace(item, log_probabilities=scores)])
        assert row["num_close"] == close


def test_extraction_tells_read_ambiguous_and_nothing_by_arm(answers):
    replies = answers("ar", "RWUUUR", scoring="generate", normalization="")
    tiers = ["boxed", "phrase", "ambiguous", "none", "", "boxed"]
    replies = [replace(p, tier=tier) for p, tier in zip(replies, tiers, strict=True)]
    (row,) = extraction_rows([*replies, *answers("en", "RW")])
    share = wilson(3, 6)
    assert row == {
        "model": "m",
        "task": "t",
        "arm": "ar",
        "num_items": 6,
        "num_extracted": 3,
        "num_ambiguous": 1,
        "num_none": 2,
        "extracted_rate": 0.5,
        "low": share.low,
        "high": share.high,
        "ambiguous_rate": pytest.approx(1 / 6),
        "none_rate": pytest.approx(2 / 6),
        "tiers": {"boxed": 2, "phrase": 1},
    }
