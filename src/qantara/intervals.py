"""What counts and small samples can show: Wilson's interval of a share, Student's t, Holm's correction of p-values.

Student's t is computed here, so that nothing needs scipy; the tests compare with it. Knows nothing of models, arms and languages.
"""

import math
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

_TINY = 1e-300


class Share(NamedTuple):
    """A share `value` = hits / total, 0..1, with its interval; without observations not a number and 0..1."""

    hits: int
    total: int
    value: float
    low: float
    high: float


def wilson(count: int, total: int, confidence: float = 0.95) -> Share:
    """Return count / total with its Wilson score interval (E. B. Wilson, 1927, JASA 22:209-212)."""
    if total == 0:
        return Share(count, total, math.nan, 0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = count / total
    center = share + z * z / (2 * total)
    margin = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return Share(count, total, share, max(0.0, (center - margin) / scale), min(1.0, (center + margin) / scale))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for being looked at together, in the order given (S. Holm, 1979, Scand. J. Statistics 6:65-70)."""
    adjusted, so_far = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        so_far = max(so_far, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = so_far
    return adjusted


def t_tails(t: float, degrees: float) -> float:
    """Return the probability of a Student's t at least as far from nought as `t` (Abramowitz and Stegun 26.7.1)."""
    return _incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5)


@cache
def t_quantile(confidence: float, degrees: float) -> float:
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
