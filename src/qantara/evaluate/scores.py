"""Predictions into tables: accuracy with intervals, the language gap on the same items, the change that training made, baselines.

Denominators are the items that were asked; pairs are matched by family.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from qantara.evaluate.comparing.statistics import PairedDifference, paired_difference
from qantara.intervals import wilson
from qantara.records import Prediction

Json = dict[str, Any]
Key = tuple[str, str, str, str]  # model, language, scoring, normalization


def score_tables(predictions: Sequence[Prediction], direction: tuple[str, str], task: str) -> Json:
    """Return all tables of one benchmark as JSON-ready values; gaps are source minus target language."""
    right = _right_by_family(predictions)
    source, target = direction
    models = list(dict.fromkeys(key[0] for key in right))
    ways = list(dict.fromkeys((key[2], key[3]) for key in right))
    gaps, changes = [], []
    for scoring, normalization in ways:
        for model in models:
            sides = [right.get((model, code, scoring, normalization), {}) for code in direction]
            gaps += _compare(
                sides[0], sides[1], {"model": model, "scoring": scoring, "normalization": normalization}, "gap"
            )
        for code in direction:
            sides = [right.get((model, code, scoring, normalization), {}) for model in ("tuned", "base")]
            changes += _compare(
                sides[0], sides[1], {"arm": code, "scoring": scoring, "normalization": normalization}, "change"
            )
    return {
        "task": task,
        "scores": [_accuracy(key, list(found.values())) for key, found in right.items()],
        "gaps": gaps,
        "changes": changes,
        "baselines": _baselines(predictions, (source, target)),
    }


def _right_by_family(predictions: Iterable[Prediction]) -> dict[Key, dict[str, bool]]:
    right: dict[Key, dict[str, bool]] = {}
    for p in predictions:
        key = (p.model, p.language, p.scoring, p.normalization)
        right.setdefault(key, {})[p.family] = p.chosen_index == p.answer_index
    return right


def _accuracy(key: Key, right: Sequence[bool]) -> Json:
    share = wilson(sum(right), len(right))
    model, arm, scoring, normalization = key
    return {
        "model": model,
        "arm": arm,
        "scoring": scoring,
        "normalization": normalization,
        "num_items": share.total,
        "num_correct": share.hits,
        "accuracy": share.value,
        "low": share.low,
        "high": share.high,
    }


def _compare(first: dict[str, bool], second: dict[str, bool], labels: Json, name: str) -> list[Json]:
    families = [family for family in first if family in second]
    if not families:
        return []
    found: PairedDifference = paired_difference([first[f] for f in families], [second[f] for f in families])
    sides = ("source", "target") if name == "gap" else ("tuned", "base")
    return [
        labels
        | {
            "num_items": found.num_items,
            name: found.difference,
            "low": found.low,
            "high": found.high,
            f"only_{sides[0]}_right": found.only_first_right,
            f"only_{sides[1]}_right": found.only_second_right,
            "p_value": found.p_value,
            "smallest_detectable_gap": found.smallest_detectable,
        }
    ]


def _baselines(predictions: Iterable[Prediction], direction: tuple[str, str]) -> Json:
    keys: dict[str, dict[str, tuple[int, int]]] = {code: {} for code in direction}
    for p in predictions:
        if p.language in keys:
            keys[p.language][p.family] = (p.answer_index, len(p.log_probabilities))
    every = {family: found for items in keys.values() for family, found in items.items()}
    chance = sum(1 / options for _, options in every.values()) / len(every) if every else 0.0
    majority = {}
    for code, items in keys.items():
        counts = Counter(answer for answer, _ in items.values())
        majority[code] = counts.most_common(1)[0][1] / len(items) if items else 0.0
    return {"chance": chance, "majority": majority}
