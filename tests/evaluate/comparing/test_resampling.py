import time

import numpy as np
import pytest
from scipy import stats

from qantara.evaluate.comparing.contrasts import clustered, independent
from qantara.evaluate.comparing.resampling import bootstrap

GAP = [1.0, -1.0]


def differences(n, seed=0):
    return np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], size=n, p=[0.15, 0.65, 0.2])


def test_over_many_items_the_interval_is_that_of_the_standard_error():
    values = differences(4000)
    low, high = bootstrap(values)
    error = values.std(ddof=1) / np.sqrt(4000)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.03)
    assert (high + low) / 2 == pytest.approx(values.mean(), abs=0.1 * error)
    alone = independent(values, GAP)
    assert (low, high) == (pytest.approx(alone.low, abs=2e-3), pytest.approx(alone.high, abs=2e-3))


def test_it_agrees_with_resampling_indices():
    values = differences(300, 1)
    generator = np.random.default_rng(7)
    means = values[generator.integers(0, 300, size=(10_000, 300))].mean(axis=1)
    low, high = bootstrap(values)
    assert (low, high) == (
        pytest.approx(np.quantile(means, 0.025), abs=4e-3),
        pytest.approx(np.quantile(means, 0.975), abs=4e-3),
    )


def test_it_agrees_with_scipy_when_clusters_are_resampled():
    values = differences(600, 2)
    clusters = np.repeat(np.arange(40), 15)
    means = values.reshape(40, 15).mean(axis=1)
    reference = stats.bootstrap(
        (means,), np.mean, method="percentile", n_resamples=10_000, rng=np.random.default_rng(3)
    ).confidence_interval
    low, high = bootstrap(values, clusters.tolist())
    stretch = stats.t.ppf(0.975, 39) / 1.96 * np.sqrt(40 / 39)  # what 40 clusters vary too little
    assert high - low == pytest.approx((reference.high - reference.low) * stretch, rel=0.04)
    together = clustered(values, GAP, clusters.tolist())
    assert high - low == pytest.approx(together.high - together.low, rel=0.05)


def test_clusters_that_move_together_widen_it():
    values = np.repeat(differences(40, 4), 15)
    alone, together = bootstrap(values), bootstrap(values, np.repeat(np.arange(40), 15).tolist())
    assert together[1] - together[0] > 3 * (alone[1] - alone[0])


def test_the_same_seed_gives_the_same_interval_in_any_order():
    values = differences(500, 5)
    assert bootstrap(values, seed=1) == bootstrap(values[::-1].copy(), seed=1)
    assert bootstrap(values, seed=1) != bootstrap(values, seed=2)


def test_answers_without_difference_stay_without():
    assert bootstrap(np.zeros(50)) == (0.0, 0.0)
    assert bootstrap(np.ones(1)) == (1.0, 1.0)


def test_ten_thousand_draws_over_four_thousand_items_take_no_second():
    values = differences(4000, 6)
    start = time.process_time()
    bootstrap(values, num_draws=10_000)
    assert time.process_time() - start < 1.0
