"""Tables of differences from predictions: the gap between arms, by task, over tasks and by subject; two models item by item.

Reads `Prediction` records, returns JSON-ready rows. Differences are shares (0.02: two points), on the items that both sides were
asked; a reply that could not be read counts as not right. Accuracies alone are `accuracy`, what the gap consists of is `split`.
"""

from collections.abc import Mapping, Sequence

from qantara.evaluate.comparing.comparison import USUAL, Comparing, Json, differences, pairs, with_holm
from qantara.evaluate.comparing.matching import Answers, Condition, by_condition, matched, pooled
from qantara.records import Prediction

SIDES = ("source", "target")


def gap_rows(
    predictions: Sequence[Prediction], source_arm: str, arms: Sequence[str], how: Comparing = USUAL
) -> list[Json]:
    """Return a row for each model, task, way of scoring and arm: `gap` is the source arm's accuracy minus the arm's.

    Where a model has several tasks, rows of task "pooled" over all their items follow, corrected by Holm on their own: they repeat
    the others. An arm that shares no item with the source arm has no row.
    """
    conditions = by_condition(predictions)
    single = [
        row for condition, answers in conditions.items() for row in _gaps(condition, answers, source_arm, arms, how)
    ]
    over_tasks = [
        row
        for arm in arms
        for condition, answers in pooled(conditions, (source_arm, arm)).items()
        for row in _gaps(condition, answers, source_arm, [arm], how)
    ]
    return with_holm(single) + with_holm(over_tasks)


def gap_by_subject(
    predictions: Sequence[Prediction], source_arm: str, arms: Sequence[str], how: Comparing = USUAL
) -> list[Json]:
    """Return the rows of `gap_rows` for each subject of a task that names subjects, all corrected together."""
    rows = []
    for condition, answers in by_condition(predictions).items():
        subjects = dict.fromkeys(p.subject for p in answers.get(source_arm, {}).values() if p.subject)
        for subject in subjects:
            of_subject = {
                arm: {family: p for family, p in found.items() if p.subject == subject}
                for arm, found in answers.items()
            }
            rows += [{"subject": subject} | row for row in _gaps(condition, of_subject, source_arm, arms, how)]
    return with_holm(rows)


def _gaps(
    condition: Condition, answers: Mapping[str, Answers], source_arm: str, arms: Sequence[str], how: Comparing
) -> list[Json]:
    rows = []
    for arm in arms:
        if arm == source_arm or arm not in answers or source_arm not in answers:
            continue
        source, target = matched([answers[source_arm], answers[arm]])
        if source:
            found = pairs(source, target, SIDES, how)
            labels = condition._asdict() | {"source_arm": source_arm, "arm": arm, "gap": found.pop("difference")}
            rows.append(labels | found)
    return rows


def model_rows(first: Sequence[Prediction], second: Sequence[Prediction], how: Comparing = USUAL) -> list[Json]:
    """Return a row for each task, arm and way of scoring that both sides answered: `difference` is first minus second accuracy.

    Each side holds one model's answers, or one run's. Raises ValueError when a side holds several models.
    """
    sides, (one, other) = _arranged(first, second)
    rows = []
    for condition in sides[0]:
        for arm, answers in sides[0][condition].items():
            found = matched([answers, sides[1].get(condition, {}).get(arm, {})])
            if found[0]:
                labels = {"first": one, "second": other, "arm": arm} | condition._replace(model="")._asdict()
                del labels["model"]
                rows.append(labels | pairs(found[0], found[1], ("first", "second"), how))
    return with_holm(rows)


def gap_change_rows(
    first: Sequence[Prediction],
    second: Sequence[Prediction],
    source_arm: str,
    arms: Sequence[str],
    how: Comparing = USUAL,
) -> list[Json]:
    """Return by how much the gap to each arm differs between two models: `difference` is the first's gap minus the second's.

    On the items that both models were asked in both arms. Raises ValueError when a side holds several models.
    """
    sides, (one, other) = _arranged(first, second)
    rows = []
    for condition in sides[0]:
        for arm in arms:
            keys = [(side, name) for side in (0, 1) for name in (source_arm, arm)]
            found = matched([sides[side].get(condition, {}).get(name, {}) for side, name in keys])
            if arm != source_arm and found[0]:
                labels = {"first": one, "second": other, "source_arm": source_arm, "arm": arm} | condition._asdict()
                del labels["model"]
                places = dict(zip(("0", "1", "2", "3"), found, strict=True))
                rows.append(labels | differences(places, {"0": 1.0, "1": -1.0, "2": -1.0, "3": 1.0}, how))
    return rows


def _arranged(
    first: Sequence[Prediction], second: Sequence[Prediction]
) -> tuple[list[dict[Condition, dict[str, dict[str, Prediction]]]], list[str]]:
    """Return both sides by condition, with no model in the condition, and the models' names."""
    sides, names = [], []
    for predictions in (first, second):
        models = {p.model for p in predictions}
        if len(models) > 1:
            raise ValueError(f"two models are compared, one a side; one side holds {len(models)}")
        names.append(min(models, default=""))
        sides.append({key._replace(model=""): answers for key, answers in by_condition(predictions).items()})
    return sides, names
