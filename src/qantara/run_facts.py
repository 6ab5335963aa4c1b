"""What a finished run tells of itself: provenance, and all that the report is made of. Reads the run folder; writes nothing."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from qantara.llm.calls import CallLedger
from qantara.llm.costs import as_json, cost_lines
from qantara.llm.prices import PRICES, Prices, read_prices
from qantara.provenance import describe
from qantara.recipe import config_hash
from qantara.records import LossPoint, Prediction, Translation
from qantara.report.facts import RunFacts
from qantara.report.translation_facts import TranslationFacts, gather
from qantara.review.decisions import latest_decisions
from qantara.run_recipe import Recipe
from qantara.runner import RunFolder
from qantara.translator.calibration import CALIBRATION, read_calibration
from qantara.translator.prompt_files import prompts_hash

Json = dict[str, Any]


def provenance(recipe: Recipe, trained: Path | None) -> Json:
    """Return versions, seed and hashes of a run; `trained` is the folder of the model that was trained."""
    from qantara.models.references import fingerprint, licence, notice, resolve

    config = recipe.translate
    translators = (config.model, config.judge, config.second_judge) if config is not None else ()
    folders = {b.model: resolve(b.model) for b in translators if b is not None and b.backend == "local"}
    if recipe.train is not None and trained is not None:
        folders[recipe.train.model] = trained
    models: Json = {}
    for reference, folder in folders.items():
        told = {"licence": licence(reference), "notice": notice(reference)}
        models[reference] = {"sha256": fingerprint(folder)} | {name: text for name, text in told.items() if text}
    return describe(recipe.seed, config_hash(recipe), models) | {"prompts_hash": prompts_hash()}


def price_file(folder: RunFolder) -> Path | None:
    """Return the price list that the run keeps, if it has one."""
    file = folder.path / PRICES
    return file if file.is_file() else None


def calibration_file(recipe: Recipe, folder: RunFolder, recipe_folder: Path) -> Path | None:
    """Return the calibration that decides, else the one that was made of this run, else None."""
    if recipe.translate is not None and recipe.translate.calibration is not None:
        return recipe_folder / recipe.translate.calibration
    own = folder.path / CALIBRATION
    return own if own.is_file() else None


def gather_facts(recipe: Recipe, folder: RunFolder, engine: sa.Engine, made_with: tuple[Json, Path | None]) -> RunFacts:
    """Return everything the report tells; `made_with` is the provenance and the calibration file, if there is one."""
    stages = recipe.stages()[:-1]
    summaries = {stage: folder.summary(stage) or {} for stage in stages}
    details = summaries.get("evaluate", {}).get("details", {})
    use = details.get("expert_use", {})
    decisions = latest_decisions(engine)
    made, calibration = made_with
    prices = read_prices(file) if (file := price_file(folder)) is not None else Prices()
    translated = "translate" in stages
    return RunFacts(
        name=recipe.name,
        direction=(recipe.source_language, recipe.target_language),
        recipe=recipe.model_dump(mode="json"),
        summaries=summaries,
        translation=gather(folder.kept("translate", Translation), decisions) if translated else TranslationFacts(),
        decisions=decisions,
        losses=list(folder.kept("train", LossPoint)) if "train" in stages else [],
        predictions=list(folder.kept("evaluate", Prediction)) if "evaluate" in stages else [],
        scores=details.get("scores", {}),
        expert_use=use.get("tuned", use.get("base", {})),
        provenance=made,
        calls=[as_json(line) for line in cost_lines(CallLedger(engine).totals(), prices)],
        troubles=summaries.get("translate", {}).get("details", {}).get("calls", {}),
        calibration=asdict(read_calibration(calibration)) if calibration is not None else None,
    )
