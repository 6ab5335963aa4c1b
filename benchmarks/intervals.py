"""Do the 95 % intervals of `evaluate` hold the truth 93 to 97 times of 100? Draws answers whose truth is known and counts.

Answers of five arms to n items: with probability s an item is answered by all arms alike (right where the same uniform number is
below the arm's accuracy), else by each on its own; s gives right and wrong the correlation asked for. With clusters, each has its
own probabilities of the 32 patterns, drawn from a Dirichlet distribution around those of all: their intraclass correlation is the
cluster effect, and the truth stays that of all. Cluster sizes are unequal (1 to G, or those of six medical subjects of MMLU).

Prints coverage by interval and number of clusters, and each condition outside of 93 to 97; these were drawn ten times as often
before they are judged, so that the noise of the count is 0.15 points. Exits 1 if one is left. Takes about 20 minutes on two cores.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from qantara.evaluate.comparing.contrasts import clustered, contrast, independent
from qantara.evaluate.comparing.resampling import FEWEST_CLUSTERS, bootstrap
from qantara.evaluate.comparing.statistics import paired_difference
from qantara.intervals import wilson

Interval = tuple[float, float]
ARMS = ("en", "round-trip", "ar-en", "ar-latin", "ar")
CONTRASTS = {
    "gap": {"en": 1.0, "ar": -1.0},
    "labels": {"ar-latin": 1.0, "ar": -1.0},
    "instructions": {"ar-en": 1.0, "ar-latin": -1.0},
    "translation": {"en": 1.0, "round-trip": -1.0},
    "language": {"round-trip": 1.0, "ar-en": -1.0},
    "change of gap": {"en": 1.0, "ar": -1.0, "round-trip": -1.0, "ar-latin": 1.0},
}
SUBJECT_SIZES = (135, 265, 272, 173, 100, 144)  # six medical subjects of MMLU
LOWEST, HIGHEST = 0.93, 0.97
NUM_DRAWS = 1000  # of a bootstrap; a report's 10,000 would take hours here


class Condition(NamedTuple):
    """One way to draw answers: `best` and `worst` are the accuracies of "en" and "ar", the other arms lie between."""

    num_items: int
    best: float
    worst: float
    correlation: float
    num_clusters: int = 0
    effect: float = 0.0

    def accuracies(self) -> list[float]:
        """Return the accuracy of each arm."""
        return [float(value) for value in np.linspace(self.best, self.worst, len(ARMS))]


class Drawn(NamedTuple):
    """Answers that were drawn: right or wrong by arm, and each item's cluster."""

    right: dict[str, NDArray[np.bool_]]
    clusters: list[int]


def alike_share(best: float, worst: float, correlation: float) -> float:
    """Return the share of items that arms answer alike for right and wrong in two arms to correlate so; at most all."""
    alike = min(best, worst) - best * worst
    return min(1.0, correlation * (best * (1 - best) * worst * (1 - worst)) ** 0.5 / alike)


@cache
def pattern_probabilities(condition: Condition) -> NDArray[np.float64]:
    """Return the probability of each of the 32 patterns of right and wrong; arm i is right where bit i is set."""
    accuracies = condition.accuracies()
    share = alike_share(condition.best, condition.worst, condition.correlation)
    found = []
    for pattern in range(2 ** len(ARMS)):
        bits = [bool(pattern >> i & 1) for i in range(len(ARMS))]
        alone = np.prod([p if bit else 1 - p for bit, p in zip(bits, accuracies, strict=True)])
        above = max([p for bit, p in zip(bits, accuracies, strict=True) if not bit], default=0.0)
        below = min([p for bit, p in zip(bits, accuracies, strict=True) if bit], default=1.0)
        found.append(share * max(0.0, below - above) + (1 - share) * alone)
    return np.array(found) / np.sum(found)


def cluster_sizes(condition: Condition) -> NDArray[np.int64]:
    """Return how many items each cluster holds, at least one."""
    if not condition.num_clusters:
        return np.array([condition.num_items])
    weights = np.array(
        SUBJECT_SIZES if condition.num_clusters == len(SUBJECT_SIZES) else range(1, condition.num_clusters + 1)
    )
    ends = np.round(np.cumsum(weights) / weights.sum() * (condition.num_items - condition.num_clusters)).astype(int)
    return np.diff(ends, prepend=0) + 1


def draw(condition: Condition, generator: np.random.Generator) -> Drawn:
    """Draw one set of answers."""
    sizes, probabilities = cluster_sizes(condition), pattern_probabilities(condition)
    if condition.effect:
        by_cluster = generator.dirichlet(probabilities * (1 / condition.effect - 1), size=len(sizes))
    else:
        by_cluster = np.tile(probabilities, (len(sizes), 1))
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    reached = np.cumsum(by_cluster, axis=1)[clusters, :-1] <= generator.random((len(clusters), 1))
    patterns = reached.sum(axis=1)
    right = {arm: (patterns >> i & 1).astype(bool) for i, arm in enumerate(ARMS)}
    return Drawn(right, clusters.tolist())


def truths(condition: Condition) -> dict[str, float]:
    """Return what each interval should hold."""
    accuracies = dict(zip(ARMS, condition.accuracies(), strict=True))
    return {name: sum(w * accuracies[arm] for arm, w in weights.items()) for name, weights in CONTRASTS.items()} | {
        "accuracy": condition.best
    }


def intervals(condition: Condition, drawn: Drawn, seed: int) -> dict[tuple[str, str], Interval | None]:
    """Return every interval that is meant for such answers by its kind and by what it is about."""
    found: dict[tuple[str, str], Interval | None] = {}
    values = {name: contrast(drawn.right, weights) for name, weights in CONTRASTS.items()}
    if not condition.num_clusters:
        first, second = drawn.right["en"].tolist(), drawn.right["ar"].tolist()
        share, paired = wilson(sum(first), len(first)), paired_difference(first, second)
        found["Wilson", "accuracy"] = (share.low, share.high)
        found["paired", "gap"] = (paired.low, paired.high)
        found["bootstrap of items", "gap"] = bootstrap(values["gap"], None, seed, NUM_DRAWS)
        for name, weights in CONTRASTS.items():
            alone = independent(values[name], list(weights.values()))
            found["independent", name] = (alone.low, alone.high)
        return found
    for name in ("gap", "language", "change of gap"):
        estimate = clustered(values[name], list(CONTRASTS[name].values()), drawn.clusters)
        found["clustered", name] = (estimate.low, estimate.high) if estimate else None
    if condition.num_clusters >= FEWEST_CLUSTERS:
        found["bootstrap of clusters", "gap"] = bootstrap(values["gap"], drawn.clusters, seed, NUM_DRAWS)
    return found


def coverage(condition: Condition, repetitions: int, seed: int) -> dict[tuple[str, str], float]:
    """Return the share of repetitions in which each interval held the truth; no interval (no spread at all) is a miss."""
    generator, true = np.random.default_rng([seed, repetitions]), truths(condition)
    hits: dict[tuple[str, str], int] = defaultdict(int)
    for repetition in range(repetitions):
        for key, interval in intervals(condition, draw(condition, generator), repetition).items():
            inside = interval is not None and interval[0] - 1e-12 <= true[key[1]] <= interval[1] + 1e-12
            hits[key] += inside
    return {key: count / repetitions for key, count in hits.items()}


def conditions(effects: list[float]) -> list[Condition]:
    """Return all conditions: numbers of items x accuracies x correlations, alone and with each number of clusters and effect."""
    bases = product((100, 272, 817, 1273), ((0.25, 0.25), (0.7, 0.65), (0.9, 0.8)), (0.0, 0.5))
    single = [Condition(n, best, worst, correlation) for n, (best, worst), correlation in bases]
    numbers = (5, 6, 20, 50)
    return single + [one._replace(num_clusters=g, effect=e) for g, e in product(numbers, effects) for one in single]


def is_fine(share: float) -> bool:
    """Return whether a coverage is within what was promised."""
    return LOWEST <= share <= HIGHEST


def measure(condition: Condition, repetitions: int, seed: int) -> dict[tuple[str, str], float]:
    """Return the coverage of each interval, drawn ten times as often with other numbers where one is outside."""
    found = coverage(condition, repetitions, seed)
    if not all(map(is_fine, found.values())):
        found = coverage(condition, 10 * repetitions, seed + 1)
    return found


def show(measured: dict[Condition, dict[tuple[str, str], float]], write: Callable[[str], object]) -> bool:
    """Print the tables; return whether all is within what was promised."""
    groups: dict[tuple[str, str, int, float], list[float]] = defaultdict(list)
    for condition, found in measured.items():
        for (kind, about), share in found.items():
            groups[kind, about, condition.num_clusters, condition.effect].append(share)
    write(
        f"{'interval':22}{'of':16}{'clusters':>9}{'effect':>8}{'lowest':>9}{'mean':>8}{'highest':>9}   conditions outside"
    )
    for (kind, about, number, effect), shares in sorted(groups.items()):
        outside = sum(not is_fine(share) for share in shares)
        low, mean, high = 100 * min(shares), 100 * sum(shares) / len(shares), 100 * max(shares)
        row = f"{kind:22}{about:16}{number or '-':>9}{effect:8.2f}{low:9.1f}{mean:8.1f}{high:9.1f}"
        write(f"{row}   {outside} of {len(shares)}")
    missed = [(c, key, share) for c, found in measured.items() for key, share in found.items() if not is_fine(share)]
    for condition, (kind, about), share in missed:
        write(f"outside: {kind} of {about} {100 * share:.1f} % {condition}")
    return not missed


def main() -> None:
    """Measure all conditions and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument(
        "--effects", type=float, nargs="+", default=[0.0, 0.05], help="intraclass correlations of clusters"
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    wanted = conditions(options.effects)
    with ProcessPoolExecutor(options.processes) as pool:
        found = pool.map(measure, wanted, [options.repetitions] * len(wanted), [options.seed] * len(wanted))
        measured = dict(zip(wanted, track(found, "conditions", len(wanted), console=Console(stderr=True)), strict=True))
    sys.exit(not show(measured, print))


if __name__ == "__main__":
    main()
