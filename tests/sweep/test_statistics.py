import math
import random

import pytest
from scipy import stats

from qantara.sweep.statistics import mean_interval, paired_difference


def test_the_interval_of_three_seeds_is_the_tabulated_one():
    found = mean_interval([1.0, 2.0, 3.0])
    assert (found.n, found.value) == (3, 2.0)
    assert found.high - 2.0 == pytest.approx(4.303 / math.sqrt(3), abs=1e-3)  # t(0.975, 2) = 4.303
    assert 2.0 - found.low == pytest.approx(found.high - 2.0)


def test_one_value_has_no_interval_and_none_is_an_error():
    assert mean_interval([0.5]) == (1, 0.5, None, None)
    with pytest.raises(ValueError, match="at least one data point"):
        mean_interval([])


@pytest.mark.parametrize("n", [2, 3, 10])
def test_a_paired_test_is_that_of_scipy(n):
    draw = random.Random(n)
    first = [draw.gauss(2.0, 0.3) for _ in range(n)]
    second = [value + draw.gauss(0.1, 0.05) for value in first]
    found = paired_difference(first, second, 0.9)
    expected = stats.ttest_rel(second, first)
    low, high = expected.confidence_interval(0.9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-8)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.value == pytest.approx(sum(second) / n - sum(first) / n)


def test_pairing_takes_out_what_seeds_have_in_common():
    first, second = [1.0, 2.0, 3.0], [1.1, 2.11, 3.12]
    assert paired_difference(first, second).p_value < 0.01
    assert paired_difference(first, [2.11, 1.1, 3.12]).p_value > 0.5


def test_differences_without_spread_are_not_tested():
    assert paired_difference([0.1, 0.2, 0.3], [0.2, 0.3, 0.4]).p_value is None  # equal but for what floats leave
    assert paired_difference([0.5], [0.9]) == (1, pytest.approx(0.4), None, None, None)


def test_lists_that_do_not_belong_together_are_an_error():
    with pytest.raises(ValueError, match="zip"):
        paired_difference([1.0], [1.0, 2.0])
