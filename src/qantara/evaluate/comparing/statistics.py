"""Paired statistics on right and wrong answers to the same items: the gap, its interval and test, and what could be seen at all."""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple


class PairedDifference(NamedTuple):
    """First minus second accuracy on the same items, with interval, exact McNemar p-value and the smallest gap n items can show."""

    num_items: int
    difference: float
    low: float
    high: float
    only_first_right: int
    only_second_right: int
    p_value: float
    smallest_detectable: float


def paired_difference(first: Sequence[bool], second: Sequence[bool], confidence: float = 0.95) -> PairedDifference:
    """Compare two lists of right/wrong on the same items in the same order.

    Interval: Wald with half a success added to each cell (Agresti and Min, 2005, Statistics in Medicine 24:729-740); test: exact
    McNemar, two-sided. Raises ValueError for lists of different length or none at all.
    """
    if len(first) != len(second) or not first:
        raise ValueError("a paired comparison needs the same items, and at least one")
    n = len(first)
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    center, error = adjusted_mean(only_first - only_second, only_first + only_second, n, 1.0)
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    return PairedDifference(
        num_items=n,
        difference=(only_first - only_second) / n,
        low=max(-1.0, center - margin),
        high=min(1.0, center + margin),
        only_first_right=only_first,
        only_second_right=only_second,
        p_value=exact_mcnemar(only_first, only_second),
        smallest_detectable=smallest_detectable_gap(n, (only_first + only_second) / n),
    )


def adjusted_mean(total: float, squares: float, num_items: int, added_squares: float) -> tuple[float, float]:
    """Return center and standard error of a mean difference after two items were added that are nought in all.

    `total` and `squares` are the sums of the differences and of their squares over the items; `added_squares` are those of the two
    items, 1 for half a success in each of the four cells of a paired table (Agresti and Min).
    """
    size = num_items + 2
    center = total / size
    return center, math.sqrt(squares + added_squares - total * total / size) / size


def exact_mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of the exact McNemar test: discordant pairs as fair coin flips."""
    n = only_first + only_second
    term = tail = 1  # whole numbers: exact, and each binomial coefficient follows from the one before
    for k in range(min(only_first, only_second)):
        term = term * (n - k) // (k + 1)
        tail += term
    return min(1.0, float(2 * tail / 2**n))


def smallest_detectable_gap(num_items: int, discordant_share: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the smallest true gap that a McNemar test on `num_items` would show with `power`, given the discordant share.

    Sample size formula of Miettinen (1968) as in Connor (1987, Biometrics 43:207-211), solved for the gap by bisection. The gap
    cannot exceed the discordant share; where even that is too small to be seen, the share needed is searched along with it.
    """
    z_alpha, z_beta = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)

    def needed(gap: float) -> float:
        share = max(discordant_share, gap)
        return float((z_alpha * math.sqrt(share) + z_beta * math.sqrt(max(0.0, share - gap * gap))) ** 2 / (gap * gap))

    low, high = 1e-6, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if needed(middle) <= num_items else (middle, high)
    return high
