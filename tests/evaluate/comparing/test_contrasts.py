import math
import runpy
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from qantara.evaluate.comparing.contrasts import clustered, contrast, equivalence_p, grouped, independent
from qantara.evaluate.comparing.statistics import paired_difference

SIMULATION = runpy.run_path(str(Path(__file__).parents[3] / "benchmarks" / "intervals.py"))
GAP = [1.0, -1.0]


def drawn(seed, sizes, effect=0.1):
    """Differences of -1, 0 and 1 in clusters of the sizes given, each with a mean of its own, and the clusters."""
    generator = np.random.default_rng(seed)
    values = [generator.choice([-1, 0, 1], size=size, p=generator.dirichlet([2, 5, 3])) + 0.0 for size in sizes]
    return np.concatenate(values) + effect, np.repeat(np.arange(len(sizes)), sizes).tolist()


def cr2_by_matrices(values, clusters):
    """Standard error and degrees of freedom by the definition for any regression, here one on a constant."""
    clusters, n = np.array(clusters), len(values)
    design = np.ones((n, 1))
    bread = np.linalg.inv(design.T @ design)
    annihilator = np.eye(n) - design @ bread @ design.T
    residuals = annihilator @ values
    square, columns = 0.0, []
    for cluster in np.unique(clusters):
        rows = np.flatnonzero(clusters == cluster)
        eigenvalues, vectors = np.linalg.eigh(annihilator[np.ix_(rows, rows)])
        root = vectors @ np.diag(1 / np.sqrt(eigenvalues)) @ vectors.T
        weight = root @ design[rows] @ bread[:, 0]
        square += float(weight @ residuals[rows]) ** 2
        columns.append(annihilator[rows].T @ weight)
    inner = np.array(columns) @ np.array(columns).T  # covariance of the weighted residual sums of independent items
    return math.sqrt(square), np.trace(inner) ** 2 / np.trace(inner @ inner)


def test_a_contrast_weighs_arms_item_by_item():
    right = {"en": [True, True, False], "ar": [True, False, False], "ar-latin": [False, True, True]}
    assert contrast(right, {"en": 1.0, "ar": -1.0}).tolist() == [0, 1, 0]
    assert contrast(right, {"en": 0.5, "ar": 0.5, "ar-latin": -1.0}).tolist() == [1, -0.5, -1]


def test_a_contrast_needs_balanced_weights_and_the_same_items():
    with pytest.raises(ValueError, match="add up to nought"):
        contrast({"en": [True], "ar": [True]}, {"en": 1.0, "ar": 1.0})
    with pytest.raises(ValueError, match="same items"):
        contrast({"en": [True], "ar": [True, False]}, {"en": 1.0, "ar": -1.0})
    with pytest.raises(ValueError, match="at least one"):
        contrast({"en": [], "ar": []}, {"en": 1.0, "ar": -1.0})


def test_of_two_arms_the_interval_is_that_of_agresti_and_min():
    first, second = [True] * 70 + [False] * 30, [True] * 50 + [False] * 20 + [True] * 8 + [False] * 22
    pair = paired_difference(first, second)
    found = independent(contrast({"a": first, "b": second}, {"a": 1.0, "b": -1.0}), GAP)
    assert (found.value, found.low, found.high) == pytest.approx((pair.difference, pair.low, pair.high))


def test_two_items_spread_over_all_patterns_are_added_for_any_number_of_arms():
    # four items of weight 1/2 are the four patterns of two arms; here the sixteen patterns of four arms, each of weight 2/16
    weights = [1.0, -1.0, -1.0, 1.0]
    values = np.array([1.0, 0.0, 2.0, -1.0, 0.0])
    patterns = [sum(w for i, w in enumerate(weights) if code >> i & 1) for code in range(16)]
    shares = np.array([1.0] * 5 + [1 / 8] * 16)
    every = np.concatenate([values, patterns])
    mean = np.average(every, weights=shares)
    variance = np.average((every - mean) ** 2, weights=shares)
    found = independent(values, weights)
    assert (found.center, found.error) == (pytest.approx(mean), pytest.approx(math.sqrt(variance / 7)))


@pytest.mark.parametrize("sizes", [(20, 20, 20, 20), (135, 265, 272, 173, 100, 144), (1, 2, 3, 40), (1,) * 30])
def test_without_correction_the_clustered_error_is_that_of_statsmodels(sizes):
    values, clusters = drawn(len(sizes), sizes)
    plain, corrected = (
        sm.OLS(values, np.ones(len(values))).fit(
            cov_type="cluster", cov_kwds={"groups": np.array(clusters), "use_correction": correct}
        )
        for correct in (False, True)
    )
    groups = grouped(values, clusters)
    assert groups.plain_error() == pytest.approx(plain.bse[0])
    if len(set(sizes)) == 1:  # clusters of one size: our correction is theirs
        found = clustered(values, GAP, clusters)
        assert found.error == pytest.approx(corrected.bse[0])
        assert found.degrees == pytest.approx(len(sizes) - 1)
        t = stats.t.ppf(0.975, len(sizes) - 1)
        assert found.high == pytest.approx(min(1.0, values.mean() + t * corrected.bse[0]))


@pytest.mark.parametrize("sizes", [(20, 20, 20, 20), (13, 26, 27, 17, 10, 14), (1, 2, 3, 40), (5, 90)])
def test_the_corrected_error_and_its_degrees_are_those_of_the_general_definition(sizes):
    values, clusters = drawn(sum(sizes), sizes)
    found = clustered(values, GAP, clusters)
    error, degrees = cr2_by_matrices(values, clusters)
    assert (found.error, found.degrees) == (pytest.approx(error), pytest.approx(degrees))


def test_the_clustered_error_of_a_hand_computed_case():
    # sums 3 and 1 of sizes 4 and 4, mean 1/2: residual sums 1 and -1; (1 + 1) / (1 - 1/2) = 4; root 2 over n = 8
    found = clustered(np.array([1, 1, 1, 0, 0, 0, 1, 0.0]), GAP, list("aaaabbbb"))
    assert (found.value, found.error, found.degrees) == pytest.approx((0.5, 0.25, 1.0))
    assert (found.low, found.high) == (-1.0, 1.0)  # t(1) = 12.7: two subjects say nothing, and no gap is larger than 1


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0]])
def test_without_spread_between_clusters_there_is_no_clustered_interval(values):
    assert clustered(np.array(values), GAP, ["a", "a", "b", "b"]) is None
    assert clustered(np.array([1.0, 0.0]), GAP, ["a", "a"]) is None


def test_equivalence_is_the_worse_of_two_one_sided_tests():
    # b = c = 20 of 1,000: center 0, error sqrt(41) / 1002 = 0.00639; z = 0.02 / 0.00639 = 3.13, p = 0.00087
    values = np.array([1.0] * 20 + [-1.0] * 20 + [0.0] * 960)
    assert equivalence_p(independent(values, GAP), 0.02) == pytest.approx(stats.norm.sf(0.02 * 1002 / math.sqrt(41)))
    assert equivalence_p(independent(values, GAP), 0.02) == pytest.approx(0.00087, abs=2e-5)


def test_parity_is_claimed_when_the_ninety_percent_interval_lies_within_the_margin():
    values, clusters = drawn(3, (30, 40, 50, 60, 70, 80), effect=0.0)
    for found in (independent(values, GAP, 0.9), clustered(values, GAP, clusters, 0.9)):
        reach = max(-found.low, found.high)
        assert equivalence_p(found, reach) == pytest.approx(0.05)
        assert equivalence_p(found, reach + 0.01) < 0.05 < equivalence_p(found, reach - 0.01)


def test_a_difference_outside_of_the_margin_is_the_opposite_of_parity():
    values, clusters = drawn(4, (30, 40, 50, 60), effect=0.3)
    for found in (independent(values, GAP), clustered(values, GAP, clusters)):
        expected = stats.norm.sf if math.isinf(found.degrees) else stats.t(found.degrees).sf
        assert equivalence_p(found, 0.02) == pytest.approx(expected((0.02 - found.center) / found.error))
        assert equivalence_p(found, 0.02) > 0.9


def test_few_items_do_not_show_parity_however_alike_their_answers():
    assert equivalence_p(independent(np.zeros(20), GAP), 0.02) > 0.3
    assert equivalence_p(independent(np.zeros(2000), GAP), 0.02) < 1e-6


@pytest.mark.parametrize(
    ("num_clusters", "effect", "repetitions"), [(0, 0.0, 400), (5, 0.0, 800), (6, 0.02, 800), (20, 0.05, 300)]
)
def test_intervals_hold_the_truth_about_as_often_as_they_say(num_clusters, effect, repetitions):
    # the full simulation is benchmarks/intervals.py; with the normal in place of Student's t five clusters would hold 85 %
    condition = SIMULATION["Condition"](272, 0.7, 0.65, 0.5, num_clusters, effect)
    found = SIMULATION["coverage"](condition, repetitions, 5)
    noise = 3.5 * math.sqrt(0.95 * 0.05 / repetitions)
    for key, share in found.items():
        assert share == pytest.approx(0.95, abs=noise), key
