import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from qantara.evaluate.comparing.statistics import exact_mcnemar, paired_difference, smallest_detectable_gap


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value"),
    [(0, 0, 1.0), (5, 5, 1.0), (6, 0, 0.03125), (1, 9, 0.021484375), (10, 2, 0.03857421875)],
)
def test_exact_mcnemar_is_the_binomial_sum(only_first, only_second, p_value):
    assert exact_mcnemar(only_first, only_second) == pytest.approx(p_value)


@pytest.mark.parametrize(("only_first", "only_second"), [(1, 0), (3, 9), (40, 61), (300, 250), (700, 700)])
def test_exact_mcnemar_is_that_of_statsmodels_and_scipy(only_first, only_second):
    expected = mcnemar([[10, only_first], [only_second, 10]], exact=True).pvalue
    assert exact_mcnemar(only_first, only_second) == pytest.approx(min(1.0, expected))
    n = only_first + only_second
    assert exact_mcnemar(only_first, only_second) == pytest.approx(stats.binomtest(only_first, n).pvalue)


def test_the_gap_and_its_interval_follow_the_discordant_pairs():
    # Agresti and Min 2005: n = 100, b = 20, c = 8: (20.5 - 8.5) / 102 +- 1.96 * sqrt(29 - 144 / 102) / 102
    first = [True] * 50 + [True] * 20 + [False] * 8 + [False] * 22
    second = [True] * 50 + [False] * 20 + [True] * 8 + [False] * 22
    found = paired_difference(first, second)
    assert (found.num_items, found.only_first_right, found.only_second_right) == (100, 20, 8)
    assert found.difference == pytest.approx(0.12)
    assert found.low == pytest.approx(0.11765 - 0.10092, abs=1e-4)
    assert found.high == pytest.approx(0.11765 + 0.10092, abs=1e-4)


def test_equal_answers_have_no_gap_but_still_an_interval():
    found = paired_difference([True] * 40, [True] * 40)
    assert found.difference == 0
    assert found.low < 0 < found.high
    assert found.p_value == 1.0


def test_pairs_must_be_pairs():
    with pytest.raises(ValueError, match="same items"):
        paired_difference([True], [True, False])
    with pytest.raises(ValueError, match="at least one"):
        paired_difference([], [])


def test_the_smallest_detectable_gap_shrinks_with_items_and_grows_with_disagreement():
    # notes on power: about 13 to 18 points at n = 100, accuracies .70 and .65 (discordant share .43 when independent)
    assert smallest_detectable_gap(100, 0.43) == pytest.approx(0.18, abs=0.01)
    assert smallest_detectable_gap(1273, 0.43) == pytest.approx(0.052, abs=0.003)
    assert smallest_detectable_gap(100, 0.2) < smallest_detectable_gap(100, 0.43)
    assert smallest_detectable_gap(100, 0.0) > 0
