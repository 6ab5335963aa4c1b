"""The numbers that every comparison shows, as JSON-ready values: difference, its intervals, and the p-value of a claim of parity.

Reads predictions of the same items in several arms, writes the part of a row that gaps, parts of a gap and compared models share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from qantara.evaluate.comparing.contrasts import clustered, contrast, equivalence_p, independent
from qantara.evaluate.comparing.matching import clusters, is_right
from qantara.evaluate.comparing.resampling import FEWEST_CLUSTERS, bootstrap
from qantara.evaluate.comparing.statistics import paired_difference
from qantara.intervals import holm
from qantara.records import Prediction

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """How arms are compared: what makes a cluster, the margin of parity (0.02: two points), draws and seed of the bootstrap."""

    cluster: Literal["subject", "family"] = "subject"
    margin: float = 0.02
    num_draws: int = 10_000
    seed: int = 0


USUAL = Comparing()


def differences(arms: Mapping[str, Sequence[Prediction]], weights: Mapping[str, float], how: Comparing = USUAL) -> Json:
    """Return mean difference, intervals and equivalence p-value of the weighted arms, which hold the same items in the same order.

    `low` and `high` are for independent items, `clustered_low` and `clustered_high` for items that come by cluster (None: there is
    one, or no spread between them); the bootstrap resamples what `bootstrap_unit` says: clusters, or items where clusters are few.
    The p-value of equivalence is the larger one of independent and clustered items: parity is claimed only where both show it.
    """
    right = {arm: [is_right(p) for p in arms[arm]] for arm in weights}
    signs = list(weights.values())
    values = contrast(right, weights)
    groups = clusters(next(iter(arms.values())), how.cluster)
    num_clusters = len(set(groups))
    alone, together = independent(values, signs), clustered(values, signs, groups)
    by_cluster = num_clusters >= FEWEST_CLUSTERS
    low, high = bootstrap(values, groups if by_cluster else None, how.seed, how.num_draws)
    return {
        "num_items": len(values),
        "difference": alone.value,
        "low": alone.low,
        "high": alone.high,
        "num_clusters": num_clusters,
        "clustered_low": together.low if together else None,
        "clustered_high": together.high if together else None,
        "bootstrap_low": low,
        "bootstrap_high": high,
        "bootstrap_unit": "cluster" if by_cluster else "item",
        "equivalence_margin": how.margin,
        "equivalence_p": max(equivalence_p(found, how.margin) for found in (alone, together) if found),
    }


def pairs(
    first: Sequence[Prediction], second: Sequence[Prediction], names: tuple[str, str], how: Comparing = USUAL
) -> Json:
    """Return `differences` of first minus second with the table of right and wrong, agreement, and McNemar's exact p-value.

    `same_choice` is the share of all items on which both chose the same option; a reply that could not be read chose none.
    """
    right = [[is_right(p) for p in arm] for arm in (first, second)]
    found = paired_difference(right[0], right[1])
    both = sum(a and b for a, b in zip(*right, strict=True))
    same = sum(a.chosen_index == b.chosen_index >= 0 for a, b in zip(first, second, strict=True))
    return differences({"first": first, "second": second}, {"first": 1.0, "second": -1.0}, how) | {
        f"{names[0]}_accuracy": sum(right[0]) / found.num_items,
        f"{names[1]}_accuracy": sum(right[1]) / found.num_items,
        f"only_{names[0]}_right": found.only_first_right,
        f"only_{names[1]}_right": found.only_second_right,
        "both_right": both,
        "both_wrong": found.num_items - both - found.only_first_right - found.only_second_right,
        "same_choice": same / found.num_items,
        "p_value": found.p_value,
        "smallest_detectable_gap": found.smallest_detectable,
    }


def with_holm(rows: Sequence[Json]) -> list[Json]:
    """Return the rows with `p_holm`: the p-values of one way of scoring corrected together, each way on its own.

    The way that was named primary before the run is so not paid for by those that are looked at beside it.
    """
    ways = [(row["scoring"], row["normalization"]) for row in rows]
    adjusted: dict[int, float] = {}
    for way in dict.fromkeys(ways):
        places = [place for place, other in enumerate(ways) if other == way]
        adjusted |= dict(zip(places, holm([rows[place]["p_value"] for place in places]), strict=True))
    return [row | {"p_holm": adjusted[place]} for place, row in enumerate(rows)]
