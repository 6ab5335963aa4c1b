import dataclasses

import pytest
import torch

from qantara.train.batches import pack
from qantara.train.losses import LossSums
from qantara.train.processes import Processes
from qantara.train.sample_columns import columns_of
from qantara.training_order import Piece


def batches(samples, *places):
    columns = columns_of(samples)
    return [pack(columns, [Piece(i, 0, len(samples[i].input_ids))]) for i in places]


def test_sums_are_means_by_language_by_source_and_of_all(samples):
    arabic, english = batches(samples, 0, 1)
    sums = LossSums(columns_of(samples))
    sums.add(torch.arange(len(arabic.targets), dtype=torch.float32), arabic)
    sums.add(torch.full((len(english.targets),), 7.0), english)
    found = {(p.language, p.source): (p.loss, p.num_tokens) for p in sums.points(4, "train")}
    n, m = len(arabic.targets), len(english.targets)
    of_arabic, of_all = ((n - 1) / 2, n), (pytest.approx((n * (n - 1) / 2 + 7 * m) / (n + m)), n + m)
    assert found == {
        ("ar", "all"): of_arabic,
        ("all", "arabic"): of_arabic,
        ("en", "all"): (7.0, m),
        ("all", "english"): (7.0, m),
        ("all", "all"): of_all,
    }


def test_what_was_not_seen_has_no_point_and_one_source_none_of_its_own(samples):
    (english,) = batches(samples, 1)
    sums = LossSums(columns_of(samples))
    sums.add(torch.ones(len(english.targets)), english)
    assert [(p.language, p.source) for p in sums.points(1, "train")] == [
        ("all", "all"),
        ("all", "english"),
        ("en", "all"),
    ]
    same = [dataclasses.replace(sample, source="one") for sample in samples]
    sums = LossSums(columns_of(same))
    sums.add(torch.ones(len(english.targets)), *batches(same, 1))
    assert [(p.language, p.source) for p in sums.points(1, "train")] == [("all", "all"), ("en", "all")]


def test_the_routers_loss_is_a_point_weighted_by_tokens(samples):
    sums = LossSums(columns_of(samples))
    sums.add_balance(torch.tensor(2.0), 30)
    sums.add_balance(torch.tensor(4.0), 10)
    sums.add_up(Processes())
    (point,) = sums.points(3, "train")
    assert (point.fold, point.language, point.source, point.loss, point.num_tokens) == (
        "balance",
        "all",
        "all",
        2.5,
        40,
    )
