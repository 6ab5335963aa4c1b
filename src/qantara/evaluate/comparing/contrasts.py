"""A difference between arms on the same items: its value, intervals and test of equivalence.

Goes in: whether each item was answered rightly in each arm, and a weight an arm (+1 and -1 for a gap); comes out: the mean of the
weighted sums with an interval for independent items, one for items that belong to clusters, and the p-value of a claim of parity.
Resampling is `resampling`, McNemar's test `statistics`.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from qantara.evaluate.comparing.statistics import adjusted_mean
from qantara.intervals import t_quantile, t_tails

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean difference between arms, as a share (0.02 is two points).

    The interval stands around `center`, which is `value` or, for independent items, slightly nearer to nought; `error` is the
    standard error and `degrees` those of Student's t (infinite: normal).
    """

    value: float
    center: float
    error: float
    degrees: float
    low: float
    high: float


def contrast(right: Mapping[str, Sequence[bool]], weights: Mapping[str, float]) -> Values:
    """Return each item's sum of weight times right (1) or wrong (0) over the arms; their mean is the difference in accuracy.

    Raises ValueError unless the weights add up to nought and the arms hold the same number of items, at least one.
    """
    if abs(math.fsum(weights.values())) > 1e-9:
        raise ValueError("the weights of a contrast add up to nought")
    columns = [np.asarray(right[arm], dtype=np.float64) for arm in weights]
    if len({len(column) for column in columns}) != 1 or not len(columns[0]):
        raise ValueError("a contrast needs the same items in every arm, and at least one")
    return np.asarray(np.stack(columns, axis=1) @ np.array(list(weights.values())), dtype=np.float64)


def independent(values: Values, weights: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Return the mean of a contrast's `values` with an interval for items drawn one by one.

    For two arms that of Agresti and Min (`statistics.paired_difference`), who add two items, spread evenly over the four patterns
    of right and wrong. The same for any number of arms: the squares of two items spread evenly over all patterns sum to half of
    those of the weights.
    """
    center, error = adjusted_mean(float(values.sum()), float(values @ values), len(values), _square(weights) / 2)
    margin = NormalDist().inv_cdf(0.5 + confidence / 2) * error
    limit = sum(map(abs, weights)) / 2
    return Estimate(
        value=float(values.mean()),
        center=center,
        error=error,
        degrees=math.inf,
        low=max(-limit, center - margin),
        high=min(limit, center + margin),
    )


def _square(weights: Sequence[float]) -> float:
    return math.fsum(weight * weight for weight in weights)


@dataclass(frozen=True, slots=True)
class Clusters:
    """Sums and sizes of clusters of items, and what follows from the sizes: `degrees` of Student's t for a mean over all items."""

    sums: Values
    sizes: Values

    @property
    def shares(self) -> Values:
        """Each cluster's share of all items."""
        return np.asarray(self.sizes / self.sizes.sum(), dtype=np.float64)

    @property
    def mean(self) -> float:
        """The mean over all items."""
        return float(self.sums.sum() / self.sizes.sum())

    def plain_error(self) -> float:
        """Return the standard error without correction for few clusters: root of the sum of squared residual sums, over n."""
        return float(np.sqrt(np.sum(self._residual_sums() ** 2)) / self.sizes.sum())

    def error(self) -> float:
        """Return the standard error that is unbiased for independent items, whatever the sizes (CR2).

        A mean is a regression on a constant, for which the square of a cluster's residual sum is divided by 1 less its share; for
        clusters of one size that is the G / (G - 1) of other software.
        """
        squares = self._residual_sums() ** 2 / (1 - self.shares)
        return float(np.sqrt(squares.sum()) / self.sizes.sum())

    def degrees(self) -> float:
        """Return Satterthwaite's degrees of freedom of `error`: G - 1 for G clusters of one size, fewer for unequal ones.

        Two moments of the squared error under independent items; the sums over pairs of clusters are written out for a mean.
        """
        shares = self.shares
        pairs = shares**2 / (1 - shares)
        return float(1 / (np.sum(shares**2) + pairs.sum() ** 2 - np.sum(pairs**2)))

    def _residual_sums(self) -> Values:
        return np.asarray(self.sums - self.mean * self.sizes, dtype=np.float64)


def grouped(values: Values, clusters: Sequence[Hashable]) -> Clusters:
    """Return the sums and sizes of `values` by cluster, in the order in which clusters first occur."""
    numbers: dict[Hashable, int] = {}
    places = np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters])
    return Clusters(np.bincount(places, weights=values).astype(np.float64), np.bincount(places).astype(np.float64))


def clustered(
    values: Values, weights: Sequence[float], clusters: Sequence[Hashable], confidence: float = 0.95
) -> Estimate | None:
    """Return the mean of a contrast's `values` with an interval for items drawn by cluster (a subject, a source question).

    It speaks of further clusters like these, so that few clusters give wide intervals however many items they hold. Below some ten
    clusters it relies on their means being about normal: benchmarks/intervals.py says how often it holds. None where nothing shows
    how clusters vary: there is one, or all have the same mean.
    """
    groups = grouped(values, clusters)
    if len(groups.sums) < 2 or groups.plain_error() <= 1e-12:
        return None
    error, degrees, value = groups.error(), groups.degrees(), groups.mean
    margin = t_quantile(confidence, degrees) * error
    limit = sum(map(abs, weights)) / 2
    return Estimate(
        value=value,
        center=value,
        error=error,
        degrees=degrees,
        low=max(-limit, value - margin),
        high=min(limit, value + margin),
    )


def equivalence_p(estimate: Estimate, margin: float) -> float:
    """Return the p-value of "the difference is not within -margin..margin": the larger one of two one-sided tests.

    Small: the difference is shown to be within the margin, which a large p-value of a test for a difference doesn't show.
    """
    return max(
        _tail((estimate.center + margin) / estimate.error, estimate.degrees),
        _tail((margin - estimate.center) / estimate.error, estimate.degrees),
    )


def _tail(t: float, degrees: float) -> float:
    """Return the probability of a value above `t`."""
    if math.isinf(degrees):
        return 1 - NormalDist().cdf(t)
    outside = t_tails(t, degrees) / 2
    return outside if t > 0 else 1 - outside
