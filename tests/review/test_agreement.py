import itertools
import math

import numpy as np
import pytest

from qantara.review.agreement import Counted, Scored, auc, exact_upper, num_needed, rate_with_bound


def brute_force(strata):
    weighted = [
        (score, wrong, stratum.size / len(stratum.scores))
        for stratum in strata
        for score, wrong in zip(stratum.scores, stratum.wrong, strict=True)
    ]
    ordered = total = 0.0
    for (low, _, one), (high, _, other) in itertools.product(
        [w for w in weighted if w[1]], [w for w in weighted if not w[1]]
    ):
        ordered += one * other * ((low < high) + 0.5 * (low == high))
        total += one * other
    return ordered / total


def simulated(seed, size=4000, rate=0.04, signal=2.0, audit=0.05):
    """Return the strata as people saw them and the true AUC and rate of accepted ones; a tenth is doubted."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(size) < rate
    doubt = rng.normal(size=size) + signal * wrong
    scores = (100 - 5 * np.floor(2 * np.clip(doubt + 2, 0, 9))).astype(int)
    doubted = doubt > np.quantile(doubt, 0.9)
    drawn = doubted | (rng.random(size) < audit)
    strata = [
        Scored(scores[part & drawn].tolist(), wrong[part & drawn].tolist(), int(part.sum()))
        for part in (~doubted, doubted)
    ]
    whole = auc([Scored(scores.tolist(), wrong.tolist(), size)], 0.95, 0).value
    return strata, whole, wrong[~doubted].mean()


@pytest.mark.parametrize("seed", range(20))
def test_auc_is_the_weighted_share_of_ordered_pairs(seed):
    rng = np.random.default_rng(seed)
    strata = []
    for size in (200, 17):
        count = int(rng.integers(3, 15))
        strata.append(Scored(rng.integers(0, 6, count).tolist(), (rng.random(count) < 0.4).tolist(), size))
    strata[0].wrong[:2] = [True, False]
    found = auc(strata, 0.95, seed)
    assert found.value == pytest.approx(brute_force(strata))
    assert found.low <= found.value <= found.high


def test_a_number_that_orders_all_is_1_and_one_that_tells_nothing_a_half():
    wrong = [True] * 10 + [False] * 30
    assert auc([Scored([0] * 10 + [100] * 30, wrong, 40)], 0.95, 0).value == 1.0
    assert auc([Scored([100] * 10 + [0] * 30, wrong, 40)], 0.95, 0).value == 0.0
    tied = auc([Scored([80] * 40, wrong, 40)], 0.95, 0)
    assert (tied.value, tied.low, tied.high) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    "strata",
    [
        [],
        [Scored([], [], 50)],
        [Scored([90, 80], [False, False], 50)],
        [Scored([90, 80], [True, True], 50), Scored([], [], 10)],
    ],
)
def test_with_one_class_only_nothing_is_known(strata):
    found = auc(strata, 0.95, 0)
    assert (found.value, found.low, found.high) == (None, 0.0, 1.0)


def test_a_seed_gives_the_same_interval():
    strata, _, _ = simulated(0)
    assert auc(strata, 0.95, 7) == auc(strata, 0.95, 7)
    assert auc(strata, 0.95, 7) != auc(strata, 0.95, 8)


@pytest.mark.parametrize("case", [{}, {"rate": 0.02, "signal": 3.0}, {"signal": 0.0, "audit": 0.1}])
def test_the_interval_holds_the_true_auc_about_as_often_as_it_says(case):
    held = 0
    for seed in range(200):
        strata, truth, _ = simulated(seed, **case)
        found = auc(strata, 0.95, seed)
        held += found.low <= truth <= found.high
    assert held / 200 > 0.919  # 0.95 less two standard errors of 200 runs


@pytest.mark.parametrize(("wrong", "total"), [(0, 1), (0, 149), (1, 20), (7, 300), (250, 1000)])
def test_exact_upper_is_where_so_few_would_be_seen_with_the_chance_that_is_left(wrong, total):
    share = exact_upper(wrong, total, 0.95)
    chance = sum(math.comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(wrong + 1))
    assert chance == pytest.approx(0.05)


def test_exact_upper_of_nothing_seen_is_1_and_of_many_stays_finite():
    assert exact_upper(0, 0, 0.95) == 1.0
    assert exact_upper(3, 3, 0.95) == 1.0
    assert 0.1 < exact_upper(100_000, 1_000_000, 0.95) < 0.101


def test_one_stratum_has_the_exact_bound():
    rate, upper = rate_with_bound([Counted(2, 200, 5000), Counted(0, 0, 0)], 0.95)
    assert (rate, upper) == (0.01, pytest.approx(exact_upper(2, 200, 0.95)))


def test_a_stratum_that_nobody_looked_at_makes_the_rate_unknown():
    assert rate_with_bound([Counted(0, 0, 10), Counted(0, 500, 500)], 0.95) == (None, 1.0)
    assert rate_with_bound([], 0.95) == (None, 1.0)


def test_a_stratum_without_a_seen_error_still_adds_to_the_bound():
    rate, upper = rate_with_bound([Counted(0, 50, 10_000), Counted(50, 1000, 1000)], 0.95)
    assert rate == pytest.approx(50 / 11_000)
    assert upper > 10 / 11 * exact_upper(0, 50, 0.95)


@pytest.mark.parametrize(("audited_rate", "doubted_rate"), [(0.01, 0.2), (0.002, 0.3), (0.03, 0.03)])
def test_the_bound_holds_the_true_rate_at_least_as_often_as_it_says(audited_rate, doubted_rate):
    rng = np.random.default_rng(3)
    sizes, seen = (9000, 1000), (450, 1000)
    truth = 0.9 * audited_rate + 0.1 * doubted_rate
    held = 0
    for _ in range(400):
        wrong = rng.binomial(seen, (audited_rate, doubted_rate))
        strata = [Counted(int(w), n, size) for w, n, size in zip(wrong, seen, sizes, strict=True)]
        held += truth <= rate_with_bound(strata, 0.95)[1]
    assert held / 400 > 0.93


@pytest.mark.parametrize(
    ("wrong", "error_rate", "needed"), [(0, 0.02, 149), (0, 0.01, 299), (1, 0.02, 236), (0, 0.5, 5)]
)
def test_num_needed_is_the_least_that_shows_the_rate(wrong, error_rate, needed):
    assert num_needed(wrong, error_rate, 0.95) == needed
    assert exact_upper(wrong, needed, 0.95) <= error_rate < exact_upper(wrong, needed - 1, 0.95)
