"""Confidence intervals for shares, used wherever a count is shown as a rate."""

import math
from statistics import NormalDist
from typing import NamedTuple


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
