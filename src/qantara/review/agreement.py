"""Statistics of decisions that are no random sample: how well a score orders errors, and how large an error rate may be.

All take strata: of each a part was drawn at random and looked at, and stands for the whole stratum. Plain numbers in and out; what
a stratum is, is `calibration`'s.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ROUNDS = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value 0..1 (None: nothing is known of it) with its two-sided interval."""

    value: float | None
    low: float
    high: float


class Scored(NamedTuple):
    """One stratum of `size` items: the scores of those looked at, and which of them were wrong."""

    scores: Sequence[float]
    wrong: Sequence[bool]
    size: int


class Counted(NamedTuple):
    """One stratum of `size` items: how many were looked at, and how many of these were wrong."""

    wrong: int
    decided: int
    size: int


def auc(strata: Sequence[Scored], confidence: float, seed: int) -> Estimate:
    """Return the chance that a wrong item scores below a right one (a tie counts half), over all items of all strata.

    Each item looked at is weighted by the number that it stands for. Interval: quantiles of a stratified Bayesian bootstrap (Rubin,
    1981, Annals of Statistics 9:130-134), smoothed: a stratum's share of wrong ones has Jeffreys' prior, and the scores of its
    wrong and of its right ones have one further observation each, spread as all scores of the stratum are. Without that, a stratum
    with hardly any error would seem to be known exactly (benchmarks/calibrate.py measures both).
    """
    used = [stratum for stratum in strata if stratum.scores]
    if not any(any(s.wrong) for s in used) or all(all(s.wrong) for s in used):
        return Estimate(None, 0.0, 1.0)
    levels = np.unique(np.concatenate([np.asarray(stratum.scores, dtype=float) for stratum in used]))
    rng = np.random.default_rng(seed)
    observed, drawn = np.zeros((2, len(levels))), np.zeros((2, _ROUNDS, len(levels)))
    for stratum in used:
        counts = _histograms(stratum, levels)
        observed += counts * (stratum.size / counts.sum())
        drawn += _draw(counts, rng) * stratum.size
    value = float(_ordered_share(observed[0], observed[1]))
    tail = (1 - confidence) / 2
    low, high = np.quantile(_ordered_share(drawn[0], drawn[1]), (tail, 1 - tail))
    return Estimate(value, min(float(low), value), max(float(high), value))


def _histograms(stratum: Scored, levels: Floats) -> Floats:
    """Return how many right (row 0) and wrong (row 1) items have each level of the score."""
    places = np.searchsorted(levels, np.asarray(stratum.scores, dtype=float))
    wrong = np.asarray(stratum.wrong, dtype=bool)
    return np.stack([np.bincount(places[chosen], minlength=len(levels)) for chosen in (~wrong, wrong)]).astype(float)


def _draw(counts: Floats, rng: np.random.Generator) -> Floats:
    """Return `_ROUNDS` pairs of histograms (right, wrong; shares that sum to 1) that could lie behind the counts of a stratum."""
    total, num_wrong = counts.sum(), counts[1].sum()
    wrong_shares = rng.beta(num_wrong + 0.5, total - num_wrong + 0.5, size=(_ROUNDS, 1))
    spread = counts.sum(axis=0) / total
    right, wrong = (_dirichlet(row + spread, rng) for row in counts)
    return np.stack([right * (1 - wrong_shares), wrong * wrong_shares])


def _dirichlet(weights: Floats, rng: np.random.Generator) -> Floats:
    drawn = rng.standard_gamma(weights, size=(_ROUNDS, len(weights)))
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True), dtype=np.float64)


def _ordered_share(right: Floats, wrong: Floats) -> Floats:
    """Return, by histograms over rising levels, the share of pairs in which the wrong item has the lower score."""
    above = right.sum(axis=-1, keepdims=True) - np.cumsum(right, axis=-1)
    ordered = (wrong * (above + right / 2)).sum(axis=-1)
    return np.asarray(ordered / (right.sum(axis=-1) * wrong.sum(axis=-1)), dtype=np.float64)


def exact_upper(wrong: int, total: int, confidence: float) -> float:
    """Return the one-sided upper bound of a share by the exact binomial (Clopper and Pearson, 1934); 1 where nothing was seen.

    The share at which so few wrong ones or fewer would be seen with chance 1 - `confidence`; with none wrong about 3 / total.
    """
    if wrong >= total:
        return 1.0
    counts = np.arange(1, wrong + 1, dtype=float)
    ways = np.concatenate([[0.0], np.cumsum(np.log((total - counts + 1) / counts))])
    seen = np.arange(wrong + 1)
    low, high = wrong / total, 1.0
    for _ in range(50):
        share = (low + high) / 2
        chance = np.exp(ways + seen * math.log(share) + (total - seen) * math.log1p(-share)).sum()
        low, high = (share, high) if chance > 1 - confidence else (low, share)
    return high


def rate_with_bound(strata: Sequence[Counted], confidence: float) -> tuple[float | None, float]:
    """Return the error rate over all strata and its one-sided upper bound; the rate is None where a stratum was not looked at.

    The exact bounds of the strata are combined by recovered variances (Zou and Donner, 2008, Statistics in Medicine 27:1693-1702).
    With one stratum it is the exact binomial; a bootstrap would call the rate of a stratum without a seen error exactly 0.
    """
    total = sum(stratum.size for stratum in strata)
    rate = margin = 0.0
    known = total > 0
    for wrong, decided, size in strata:
        if not size:
            continue
        share = wrong / decided if decided else 0.0
        known = known and decided > 0
        rate += size / total * share
        margin += (size / total * (exact_upper(wrong, decided, confidence) - share)) ** 2
    return (rate, min(1.0, rate + math.sqrt(margin))) if known else (None, 1.0)


def num_needed(wrong: int, error_rate: float, confidence: float) -> int:
    """Return the least number of items, `wrong` of them wrong, that shows a rate of at most `error_rate` (0..1, ends excluded)."""
    low, high = wrong, max(1, 2 * wrong)
    while exact_upper(wrong, high, confidence) > error_rate:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if exact_upper(wrong, middle, confidence) <= error_rate else (middle, high)
    return high
