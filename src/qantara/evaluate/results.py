"""Predictions of all arms -> the tables of a run, JSON-ready: accuracies, gaps and their parts, replies; on all items or the clean.

Pure. What writes them is `evaluation`; how each table is computed stands in `accuracy`, `gaps` and `split`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from qantara.evaluate.arm_run import ArmResult
from qantara.evaluate.comparing.accuracy import accuracy_rows, extraction_rows
from qantara.evaluate.comparing.comparison import Comparing
from qantara.evaluate.comparing.gaps import gap_by_subject, gap_rows
from qantara.evaluate.comparing.split import split_rows, translate_first_rows
from qantara.evaluate.settings import EvaluationConfig
from qantara.records import Prediction

Json = dict[str, Any]


def tables(results: Sequence[ArmResult], config: EvaluationConfig, families: frozenset[str] | None = None) -> Json:
    """Return every table of a run; with `families` of those items alone."""
    predictions = [p for result in results for p in result.predictions if families is None or p.family in families]
    how = Comparing(margin=config.equivalence_margin)
    source = config.direction[0]
    arms = [arm for arm in config.arms if arm != source]
    has_source = source in config.arms
    return {
        "scores": accuracy_rows(predictions, _option_counts(results)),
        "gaps": gap_rows(predictions, source, arms, how) if has_source else [],
        "gaps_by_subject": gap_by_subject(predictions, source, arms, how) if has_source else [],
        "split": split_rows(predictions, config.direction, how),
        "translate_first": translate_first_rows(predictions, config.direction, how),
        "extraction": extraction_rows(predictions),
    }


def arm_notes(results: Sequence[ArmResult]) -> list[Json]:
    """Return what is to be known of each arm beside its accuracy: questions without an answer, doubted translations, replies."""
    return [
        {
            "task": result.task,
            "arm": result.arm.name,
            "num_items": len(result.asked),
            "num_unanswered": result.num_unanswered,
            "translation": result.translation,
            "replies": list(result.replies),
        }
        for result in results
    ]


def by_family(predictions: Sequence[Prediction]) -> Mapping[tuple[str, str, str], list[Prediction]]:
    """Return predictions by task, arm and family, each way of scoring in order."""
    found: dict[tuple[str, str, str], list[Prediction]] = {}
    for p in predictions:
        found.setdefault((p.task, p.arm, p.family), []).append(p)
    return found


def _option_counts(results: Sequence[ArmResult]) -> dict[str, int]:
    return {entry.item.origin.family: len(entry.item.options) for result in results for entry in result.asked}
