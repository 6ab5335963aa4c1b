"""Statistics on few numbers, one a seed: a mean with its interval, a paired difference with its test, Holm's correction.

Student's t is computed here, so that a sweep needs no scipy; the tests compare with it. Knows nothing of arms and languages.
"""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

_TINY = 1e-300
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


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for being looked at together, in the order given (S. Holm, 1979, Scand. J. Statistics 6:65-70)."""
    adjusted, so_far = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        so_far = max(so_far, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = so_far
    return adjusted


def t_tails(t: float, degrees: int) -> float:
    """Return the probability of a Student's t at least as far from nought as `t` (Abramowitz and Stegun 26.7.1)."""
    return _incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5)


def t_quantile(confidence: float, degrees: int) -> float:
    """Return the t that leaves 1 - `confidence` outside of -t..t, by bisection."""
    low, high = 0.0, 1.0
    while t_tails(high, degrees) > 1 - confidence:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if t_tails(middle, degrees) > 1 - confidence else (low, middle)
    return high


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function I_x(a, b), 0..1."""
    if x <= 0.0 or x >= 1.0:
        return min(1.0, max(0.0, x))
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast below that; DLMF 8.17.4 mirrors it
        return 1.0 - _incomplete_beta(1.0 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """Return 1 + d1/(1 + d2/(1 + ...)), DLMF 8.17.22, by Lentz's method as Thompson and Barnett (1986) changed it."""
    value = front = 1.0
    back = 0.0
    for i in range(1, 1000):
        m = i // 2
        if i % 2:
            d = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            d = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        front = 1.0 + d / front or _TINY
        back = 1.0 / (1.0 + d * back or _TINY)
        value *= front * back
        if abs(front * back - 1.0) < 1e-15:
            break
    return value
