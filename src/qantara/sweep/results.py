"""Reads what arms left and puts it together as the facts of a sweep. What has no result of its settings counts as failed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qantara.sweep.arm import finished, read_settings
from qantara.sweep.config import SweepRecipe
from qantara.sweep.findings import ArmResult, BaseResult, SweepFacts
from qantara.sweep.preparation import BASE

Json = dict[str, Any]


def read_facts(recipe: SweepRecipe, folders: Sequence[Path]) -> SweepFacts:
    """Return the facts of a sweep whose arms lie in `folders`."""
    done = {folder: result for folder in folders if (result := finished(folder)) is not None}
    arms = {folder: result for folder, result in done.items() if folder.name != BASE}
    base = next((result for folder, result in done.items() if folder.name == BASE), {})
    ways = [way for result in done.values() for way in result["accuracy"]]
    scoring = next((way for way in ways if way.startswith(recipe.report.headline_scoring)), "")
    return SweepFacts(
        name=recipe.name,
        direction=(recipe.source_language, recipe.target_language),
        budget_tokens=(recipe.mix.budget_tokens or 0) if recipe.mix is not None else 0,
        confidence=recipe.sweep.confidence,
        scoring=scoring,
        seeds=recipe.sweep.seeds,
        arms=[_arm(folder, result, scoring) for folder, result in arms.items()],
        base=_base(base, next(iter(arms.values()), {}), scoring),
        failed=[folder.name for folder in folders if folder not in done],
    )


def _arm(folder: Path, result: Json, scoring: str) -> ArmResult:
    settings = read_settings(folder)
    if settings is None or settings.share is None or settings.learning_rate is None:
        raise ValueError(f"{folder} is not an arm that trains")
    return ArmResult(
        name=settings.name,
        share=settings.share,
        seed=settings.seed,
        learning_rate=settings.learning_rate,
        tokens=settings.tokens,
        losses={code: ends["last"] for code, ends in result["validation_loss"].items()},
        accuracies=_accuracies(result, scoring),
    )


def _base(evaluated: Json, arm: Json, scoring: str) -> BaseResult:
    """Return the base model's figures: an arm's losses before its first step are those of the base model."""
    return BaseResult(
        losses={code: ends["first"] for code, ends in arm.get("validation_loss", {}).items()},
        accuracies=_accuracies(evaluated, scoring),
        items={code: counts["items"] for code, counts in _way(evaluated, scoring).items()},
    )


def _accuracies(result: Json, scoring: str) -> dict[str, float]:
    return {code: counts["right"] / counts["items"] for code, counts in _way(result, scoring).items()}


def _way(result: Json, scoring: str) -> Json:
    found: Json = result.get("accuracy", {}).get(scoring, {})
    return found
