import math

import pytest

from qantara.intervals import wilson


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
