"""Statistics on few numbers, one a seed: a mean with its interval, a paired difference with its test.

Knows nothing of arms and languages.
"""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from qantara.intervals import t_quantile, t_tails

_NO_SPREAD = 1e-12  # of the largest value: what floats leave of values that are equal


class Mean(NamedTuple):
    """A mean of n values with its t interval; the ends are None where nothing shows how values vary: all are the same, or one."""

    n: int
    value: float
    low: float | None
    high: float | None


class PairedDifference(NamedTuple):
    """Second minus first, paired: mean, t interval, two-sided p of the paired t test.

    With fewer than two pairs, or differences that are all the same, there is no noise to compare with: neither interval nor p.
    """

    n: int
    value: float
    low: float | None
    high: float | None
    p_value: float | None


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Mean:
    """Return the mean of values with its t interval (n - 1 degrees of freedom); ValueError when there are none."""
    return _mean(values, max(map(abs, values), default=0.0), confidence)


def _mean(values: Sequence[float], largest: float, confidence: float) -> Mean:
    n, value = len(values), statistics.fmean(values)
    spread = statistics.stdev(values) if n > 1 else 0.0
    if spread <= _NO_SPREAD * largest:
        return Mean(n, value, None, None)
    margin = t_quantile(confidence, n - 1) * spread / math.sqrt(n)
    return Mean(n, value, value - margin, value + margin)


def paired_difference(first: Sequence[float], second: Sequence[float], confidence: float = 0.95) -> PairedDifference:
    """Compare two lists of which the values at the same place belong together; ValueError when they can't."""
    differences = [b - a for a, b in zip(first, second, strict=True)]
    mean = _mean(differences, max(map(abs, (*first, *second)), default=0.0), confidence)
    if mean.low is None:
        return PairedDifference(*mean, p_value=None)
    t = mean.value * math.sqrt(mean.n) / statistics.stdev(differences)
    return PairedDifference(*mean, p_value=t_tails(t, mean.n - 1))
