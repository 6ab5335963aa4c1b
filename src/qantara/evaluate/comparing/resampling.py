"""Bootstrap of a mean difference: an interval that assumes nothing about how differences are distributed, as a check on the others.

Reads each item's difference and, where items belong together, its cluster; the draws come from a seed. For few clusters no
bootstrap helps, since few values can be drawn: see `FEWEST_CLUSTERS`.
"""

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist

import numpy as np

from qantara.evaluate.comparing.contrasts import Clusters, Values, grouped
from qantara.intervals import t_quantile

FEWEST_CLUSTERS = (
    20  # below, intervals from resampled clusters hold the truth less often than they say (benchmarks/intervals.py)
)


def bootstrap(
    values: Values,
    clusters: Sequence[Hashable] | None = None,
    seed: int = 0,
    num_draws: int = 10_000,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Return the percentile interval of the mean of `values` over resampled items, or clusters of items.

    The percentiles lie further out than 2.5 and 97.5 by as much as resamples vary too little: by the ratio of the standard errors
    with and without correction for few clusters, and that of Student's t to the normal. For many items that is nothing, for 20
    clusters it is what makes the interval hold. Deterministic in the seed and the values, whatever their order.
    """
    groups = grouped(values, range(len(values)) if clusters is None else clusters)
    means = _resampled_means(groups, np.random.default_rng(seed), num_draws)
    tail = _tail(groups, confidence)
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def _resampled_means(groups: Clusters, generator: np.random.Generator, num_draws: int) -> Values:
    """Return means over resamples of as many groups; groups that are alike are drawn by their count, which is the same and fast."""
    kinds, counts = np.unique(np.stack([groups.sums, groups.sizes], axis=1), axis=0, return_counts=True)
    num_groups = len(groups.sums)
    drawn = generator.multinomial(num_groups, counts / num_groups, size=num_draws).astype(np.float64)
    return np.asarray((drawn @ kinds[:, 0]) / (drawn @ kinds[:, 1]), dtype=np.float64)


def _tail(groups: Clusters, confidence: float) -> float:
    """Return the share of resamples to leave out on each side."""
    if len(groups.sums) < 2 or math.isclose(groups.plain_error(), 0.0, abs_tol=1e-12):
        return (1 - confidence) / 2
    stretch = t_quantile(confidence, groups.degrees()) * groups.error() / groups.plain_error()
    return NormalDist().cdf(-stretch)
