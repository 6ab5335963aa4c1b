"""Predictions arranged for comparison: by condition, arm and item, with the cluster that each item belongs to.

A condition is what stays the same when arms are compared: model, task and way of scoring. Items of two arms match by family.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from qantara.records import Prediction

POOLED = "pooled"  # the task's name in rows over several tasks

Answers = Mapping[str, Prediction]  # by family


class Condition(NamedTuple):
    """What two arms that are compared have in common."""

    model: str
    task: str
    scoring: str
    normalization: str

    @property
    def way(self) -> tuple[str, str]:
        """The way of scoring: p-values are corrected together for those of one way."""
        return self.scoring, self.normalization


def arm_of(prediction: Prediction) -> str:
    """Return the arm, which is the language where none is named."""
    return prediction.arm or prediction.language


def is_right(prediction: Prediction) -> bool:
    """Return whether the right option was chosen; a reply that could not be read is not."""
    return prediction.chosen_index == prediction.answer_index


def by_condition(predictions: Iterable[Prediction]) -> dict[Condition, dict[str, dict[str, Prediction]]]:
    """Return condition -> arm -> family -> prediction, in the order of the predictions.

    Raises ValueError when an arm answered a family twice: the rows would count one of the answers.
    """
    found: dict[Condition, dict[str, dict[str, Prediction]]] = {}
    for p in predictions:
        condition = Condition(p.model, p.task, p.scoring, p.normalization)
        answers = found.setdefault(condition, {}).setdefault(arm_of(p), {})
        if p.family in answers:
            raise ValueError(f"item {p.item_id}: its family was asked twice in arm {arm_of(p)} of task {p.task!r}")
        answers[p.family] = p
    return found


def pooled(
    conditions: Mapping[Condition, Mapping[str, Mapping[str, Prediction]]], arms: Sequence[str]
) -> dict[Condition, dict[str, dict[str, Prediction]]]:
    """Return the same over all tasks that hold all of `arms`, for each model and way of scoring that has two such tasks or more."""
    tasks: dict[Condition, list[Condition]] = {}
    for condition, answers in conditions.items():
        if all(arm in answers for arm in arms):
            tasks.setdefault(condition._replace(task=POOLED), []).append(condition)
    return {
        together: {
            arm: {f"{one.task}/{family}": p for one in parts for family, p in conditions[one][arm].items()}
            for arm in arms
        }
        for together, parts in tasks.items()
        if len(parts) > 1
    }


def matched(arms: Sequence[Answers]) -> list[list[Prediction]]:
    """Return for each arm the predictions of the families that all arms answered, in the order of the first arm."""
    families = [family for family in arms[0] if all(family in answers for answers in arms)]
    return [[answers[family] for family in families] for answers in arms]


def clusters(predictions: Sequence[Prediction], by: str) -> list[Hashable]:
    """Return the cluster of each item: its subject within its task ("subject"), or its source question ("family").

    An item without a subject is a cluster of its own.
    """
    if by == "family":
        return [p.family for p in predictions]
    return [(p.task, p.subject) if p.subject else p.family for p in predictions]
