import math

import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from qantara.intervals import holm, t_quantile, t_tails, wilson


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_agrees_with_published_values(hits, total, low, high):
    # 81 of 263: Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3
    share = wilson(hits, total)
    assert share.value == hits / total
    assert share.low == pytest.approx(low, abs=1e-4)
    assert share.high == pytest.approx(high, abs=1e-4)


def test_no_observations_say_nothing():
    share = wilson(0, 0)
    assert math.isnan(share.value)
    assert (share.low, share.high) == (0.0, 1.0)


@pytest.mark.parametrize(("hits", "total"), [(0, 7), (1, 7), (29, 100), (817, 817), (640, 1273)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_agrees_with_statsmodels(hits, total, confidence):
    share = wilson(hits, total, confidence)
    low, high = proportion_confint(hits, total, alpha=1 - confidence, method="wilson")
    assert (share.low, share.high) == (pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12))


@pytest.mark.parametrize("degrees", [1, 2, 2.7, 3, 8, 30, 200])
@pytest.mark.parametrize("t", [0.0, 1e-6, 0.3, 1.0, 2.5, 7.0, 60.0, -2.5])
def test_tails_of_students_t_are_those_of_scipy(degrees, t):
    assert t_tails(t, degrees) == pytest.approx(2 * stats.t.sf(abs(t), degrees), rel=1e-9)


@pytest.mark.parametrize("degrees", [1, 2, 2.7, 4, 20, 1272])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_quantiles_are_those_of_scipy(degrees, confidence):
    assert t_quantile(confidence, degrees) == pytest.approx(stats.t.ppf(0.5 + confidence / 2, degrees), rel=1e-9)


def test_holm_multiplies_by_how_many_are_left_and_never_falls():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize("p_values", [[0.04], [0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.001, 1.0, 0.02], [0.9, 0.6]])
def test_holm_agrees_with_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))
