"""The recipe as a whole and its stages in order: the one place that knows several stages.

Each `_stage` function says what a stage reads, what it depends on and what it makes; `runner` decides whether it has to run.
"""

from collections.abc import Generator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from rich.console import Console

from qantara.curate.stage import CurateConfig, curate
from qantara.errors import RecipeError
from qantara.evaluate.stage import EvaluateConfig, evaluate
from qantara.languages import LANGUAGES
from qantara.ledger import open_ledger
from qantara.llm.budget import BudgetConfig
from qantara.llm.calls import CallLedger
from qantara.llm.costs import as_json, cost_lines
from qantara.llm.opening import open_desk
from qantara.llm.prices import PRICES, Prices, price_text, read_prices
from qantara.mix.stage import MixConfig, mix
from qantara.provenance import describe, file_hash
from qantara.recipe import config_hash, load
from qantara.records import Choice, Example, LossPoint, Prediction, Sample, Translation
from qantara.report.facts import RunFacts
from qantara.report.stage import ReportConfig, render_report
from qantara.report.translation_facts import gather
from qantara.review.decisions import add_decisions, decisions_hash, latest_decisions
from qantara.review.exchange import import_review
from qantara.review.stage import ReviewConfig, review
from qantara.runner import Job, RunFolder, run_job, tell_outcome
from qantara.sources.config import PairsConfig, SourceConfig
from qantara.sources.reading import content_hash, read, read_pairs
from qantara.store import write_json, write_text
from qantara.train.stage import TrainConfig, train
from qantara.translate.stage import TranslateConfig, translate
from qantara.translator.calibration import CALIBRATION, read_calibration
from qantara.translator.opening import Place, calibrated_threshold, open_room, reused_hashes
from qantara.translator.prompt_files import prompts_hash

STAGES = ("sources", "benchmark", "curate", "translate", "review", "mix", "train", "evaluate", "report")


class Recipe(BaseModel):
    """A whole run. Stages without settings are left out: without `train` there is nothing to mix for, train or evaluate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="also the run folder's name, under runs/")
    seed: int = Field(default=0, ge=0, lt=2**32, description="the one seed that every random choice follows from")
    source_language: str = Field(default="en", description="language code of the records that come in")
    target_language: str = Field(default="ar", description="language code of the translations")
    data: Path | None = Field(
        default=None,
        description="folder that relative paths of sources and benchmark start from; none: the recipe's own",
    )
    ledger: str | None = Field(
        default=None, description="database URL for calls and decisions; none: ledger.sqlite in the run folder"
    )
    budget: BudgetConfig | None = Field(
        default=None, description="what language-model calls may cost at most; none: no limit"
    )
    sources: tuple[SourceConfig, ...] = Field(description="what is read, in order; at least one")
    benchmark: PairsConfig | None = Field(
        default=None, description="paired items that are evaluated on and kept out of training"
    )
    curate: CurateConfig = CurateConfig()
    translate: TranslateConfig
    review: ReviewConfig = ReviewConfig()
    mix: MixConfig | None = None
    train: TrainConfig | None = None
    evaluate: EvaluateConfig | None = None
    report: ReportConfig = ReportConfig()

    @model_validator(mode="after")
    def _fits_together(self) -> "Recipe":
        for code in (self.source_language, self.target_language):
            if code not in LANGUAGES:
                raise ValueError(f"language {code!r} is not known; known: {', '.join(sorted(LANGUAGES))}")
        if self.source_language == self.target_language:
            raise ValueError(f"source_language and target_language are the same: {self.source_language}")
        if not self.sources:
            raise ValueError("sources needs at least one entry: what is to be read")
        if self.train is not None and self.mix is None:
            raise ValueError("train needs mix: the token budget and the language ratio of what it trains on")
        if self.mix is not None and self.train is None:
            raise ValueError("mix needs train: its tokens are those of the model that is trained")
        if self.evaluate is not None and (self.train is None or self.benchmark is None):
            raise ValueError("evaluate needs train (for the model) and benchmark (for the items)")
        return self

    def stages(self) -> tuple[str, ...]:
        """Return the stages that this recipe has, in order."""
        absent = {name for name in ("benchmark", "mix", "train", "evaluate") if getattr(self, name) is None}
        return tuple(stage for stage in STAGES if stage not in absent)


class Pipeline:
    """One run of one recipe in one folder; `run` does what is left to do."""

    def __init__(self, recipe_path: Path, recipe: Recipe, folder: RunFolder, console: Console) -> None:
        self.recipe = recipe
        self.run_folder = folder
        self.console = console
        self.recipe_folder = recipe_path.parent
        self.data_folder = recipe.data or recipe_path.parent
        self.direction = (recipe.source_language, recipe.target_language)
        self.engine = open_ledger(recipe.ledger or folder.path / "ledger.sqlite")

    def run(self, again: Sequence[str] = (), only: str | None = None) -> list[str]:
        """Run the stages that are not done (and those in `again`); return the names of those that ran."""
        write_json(self.run_folder.path / "recipe.json", self.recipe.model_dump(mode="json"))
        if self.recipe.budget is not None and self.recipe.budget.prices is not None:
            write_text(self.run_folder.path / PRICES, price_text(self.recipe_folder / self.recipe.budget.prices))
        ran = []
        for stage in self.recipe.stages():
            if only is not None and stage != only:
                continue
            job = getattr(self, f"_{stage}")()
            if run_job(self.run_folder, job, self.console, again=stage in again):
                tell_outcome(self.run_folder, stage, self.console)
                ran.append(stage)
        return ran

    def _count(self, stage: str) -> int:
        return int((self.run_folder.summary(stage) or {}).get("kept", 0))

    def _benchmark_items(self) -> list[Choice]:
        return list(self.run_folder.kept("benchmark", Choice)) if self.recipe.benchmark else []

    def _sources(self) -> Job:
        recipe = self.recipe

        def work() -> Generator[Example, None, dict[str, Any]]:
            for source in recipe.sources:
                yield from read(source, self.data_folder, recipe.source_language)
            return {}

        hashes = tuple(content_hash(source, self.data_folder) for source in recipe.sources)
        settings = [source.model_dump(mode="json") for source in recipe.sources]
        return Job(stage="sources", settings=settings, inputs=hashes, record_type=Example, num_in=None, work=work)

    def _benchmark(self) -> Job:
        config = self.recipe.benchmark
        if config is None:
            raise ValueError("the recipe has no benchmark")

        def work() -> Generator[Choice, None, dict[str, Any]]:
            yield from read_pairs(config, self.data_folder, *self.direction)
            return {}

        inputs = (content_hash(config, self.data_folder), *self.direction)
        return Job(stage="benchmark", settings=config, inputs=inputs, record_type=Choice, num_in=None, work=work)

    def _curate(self) -> Job:
        folder, config = self.run_folder, self.recipe.curate
        inputs = [folder.output("sources")] + ([folder.output("benchmark")] if self.recipe.benchmark else [])

        def work() -> Generator[Any, None, dict[str, Any]]:
            yield from curate(
                folder.kept("sources", Example), self._benchmark_items(), config, self.recipe.source_language
            )
            return {}

        return Job(
            stage="curate",
            settings=config,
            inputs=tuple(inputs),
            record_type=Example,
            num_in=self._count("sources"),
            work=work,
        )

    def _translate(self) -> Job:
        folder, config, num_in = self.run_folder, self.recipe.translate, self._count("curate")
        place = Place(folder=self.recipe_folder, engine=self.engine, direction=self.direction)
        threshold = calibrated_threshold(config.calibration, config.threshold, config, place)

        def work() -> Generator[Any, None, dict[str, Any]]:
            if config.warning:
                self.console.print(f"  {config.warning}", highlight=False, soft_wrap=True)
            desk = open_desk(self.engine, self.recipe_folder, self.recipe.budget)
            room = open_room(config, place, desk, threshold)
            details = yield from translate(folder.kept("curate", Example), config, room, self.recipe.seed)
            return details | {"calls": CallLedger(self.engine).troubles()}

        inputs = (folder.output("curate"), prompts_hash(), str(self.recipe.seed), *self.direction, str(threshold))
        return Job(
            stage="translate",
            settings=config.result_settings(),
            inputs=(*inputs, *reused_hashes(config, place)),
            record_type=Translation,
            num_in=num_in,
            work=work,
        )

    def _review(self) -> Job:
        folder, config = self.run_folder, self.recipe.review
        if config.decisions is not None:
            decisions = import_review(self.recipe_folder / config.decisions, folder.kept("translate", Translation))
            add_decisions(self.engine, decisions)

        def work() -> Generator[Any, None, dict[str, Any]]:
            return (yield from review(folder.kept("translate", Translation), latest_decisions(self.engine)))

        return Job(
            stage="review",
            settings=config,
            inputs=(folder.output("translate"), decisions_hash(self.engine)),
            record_type=Example,
            num_in=self._count("translate"),
            work=work,
        )

    def _model_folder(self) -> Path:
        from qantara.models.references import resolve
        from qantara.models.upcycle import upcycled

        config = self.recipe.train
        if config is None:
            raise ValueError("the recipe trains no model")
        folder = resolve(config.model)
        if config.upcycle is None:
            return folder
        return upcycled(folder, config.upcycle.experts, config.upcycle.top_k, self.recipe.seed)

    def _model_settings(self) -> Any:  # noqa: ANN401 - JSON
        config = self.recipe.train
        return config.model_dump(mode="json", include={"model", "upcycle"}) if config else {}

    def _mix(self) -> Job:
        folder, config = self.run_folder, self.recipe.mix
        if config is None:
            raise ValueError("the recipe has no mix")

        def work() -> Generator[Any, None, dict[str, Any]]:
            from qantara.models.loading import load_tokenizer

            examples = [*folder.kept("curate", Example), *folder.kept("review", Example)]
            tokenizer = load_tokenizer(self._model_folder())
            return (yield from mix(examples, tokenizer, config, self.recipe.seed, folder.folder("mix") / "dataset"))

        return Job(
            stage="mix",
            settings=[config.model_dump(mode="json"), self._model_settings()],
            inputs=(folder.output("curate"), folder.output("review"), str(self.recipe.seed)),
            record_type=Sample,
            num_in=self._count("curate") + self._count("review"),
            work=work,
        )

    def _train(self) -> Job:
        folder, config = self.run_folder, self.recipe.train
        if config is None:
            raise ValueError("the recipe has no train")

        def work() -> Generator[LossPoint, None, dict[str, Any]]:
            samples = list(folder.kept("mix", Sample))
            return (yield from train(samples, self._model_folder(), config, folder.folder("train"), self.recipe.seed))

        return Job(
            stage="train",
            settings=config,
            inputs=(folder.output("mix"), str(self.recipe.seed)),
            record_type=LossPoint,
            num_in=None,
            work=work,
            show=lambda point: f"step {point.step} {point.fold} {point.language} loss {point.loss:.3f}",
        )

    def _evaluate(self) -> Job:
        folder, config = self.run_folder, self.recipe.evaluate
        if config is None:
            raise ValueError("the recipe has no evaluate")

        def work() -> Generator[Prediction, None, dict[str, Any]]:
            adapter = folder.folder("train") / "adapter"
            return (yield from evaluate(self._benchmark_items(), self._model_folder(), adapter, config, self.direction))

        return Job(
            stage="evaluate",
            settings=[config.model_dump(mode="json"), self._model_settings()],
            inputs=(folder.output("benchmark"), folder.output("train")),
            record_type=Prediction,
            num_in=None,
            work=work,
        )

    def _report(self) -> Job:
        folder, recipe = self.run_folder, self.recipe
        stages = recipe.stages()[:-1]

        def work() -> Generator[Any, None, dict[str, Any]]:
            write_json(folder.path / "provenance.json", self._provenance())
            page = render_report(self._facts(), recipe.report)
            write_text(folder.folder("report") / "index.html", page)
            yield from ()
            return {}

        calibration = self._calibration_file()
        inputs = tuple(folder.output(stage) for stage in stages)
        inputs += tuple(file_hash(file) for file in (calibration, self._price_file()) if file is not None)
        return Job(stage="report", settings=recipe.report, inputs=inputs, record_type=LossPoint, num_in=None, work=work)

    def _provenance(self) -> dict[str, Any]:
        from qantara.models.references import fingerprint, licence, notice, resolve

        models: dict[str, Any] = {}
        config = self.recipe.translate
        translators = (config.model, config.judge, config.second_judge)
        folders = {b.model: resolve(b.model) for b in translators if b is not None and b.backend == "local"}
        if self.recipe.train is not None:
            folders[self.recipe.train.model] = self._model_folder()
        for reference, folder in folders.items():
            told = {"licence": licence(reference), "notice": notice(reference)}
            models[reference] = {"sha256": fingerprint(folder)} | {name: text for name, text in told.items() if text}
        recipe_hash = config_hash(self.recipe)
        return describe(self.recipe.seed, recipe_hash, models) | {"prompts_hash": prompts_hash()}

    def _price_file(self) -> Path | None:
        file = self.run_folder.path / PRICES
        return file if file.is_file() else None

    def _calibration_file(self) -> Path | None:
        """Return the calibration that decides, else the one that was made of this run, else None."""
        if (named := self.recipe.translate.calibration) is not None:
            return self.recipe_folder / named
        own = self.run_folder.path / CALIBRATION
        return own if own.is_file() else None

    def _facts(self) -> RunFacts:
        folder, stages = self.run_folder, self.recipe.stages()[:-1]
        summaries = {stage: folder.summary(stage) or {} for stage in stages}
        details = summaries.get("evaluate", {}).get("details", {})
        use = details.get("expert_use", {})
        decisions, calibration = latest_decisions(self.engine), self._calibration_file()
        prices = read_prices(file) if (file := self._price_file()) is not None else Prices()
        return RunFacts(
            name=self.recipe.name,
            direction=self.direction,
            recipe=self.recipe.model_dump(mode="json"),
            summaries=summaries,
            translation=gather(folder.kept("translate", Translation), decisions),
            decisions=decisions,
            losses=list(folder.kept("train", LossPoint)) if "train" in stages else [],
            predictions=list(folder.kept("evaluate", Prediction)) if "evaluate" in stages else [],
            scores=details.get("scores", {}),
            expert_use=use.get("tuned", use.get("base", {})),
            provenance=self._provenance(),
            calls=[as_json(line) for line in cost_lines(CallLedger(self.engine).totals(), prices)],
            troubles=summaries["translate"].get("details", {}).get("calls", {}),
            calibration=asdict(read_calibration(calibration)) if calibration is not None else None,
        )


def open_pipeline(recipe_path: Path, overrides: Sequence[str], run_folder: Path | None, console: Console) -> Pipeline:
    """Read a recipe and open its run folder (`runs/NAME` unless one is given)."""
    recipe = load(recipe_path, Recipe, overrides)
    folder = RunFolder(run_folder or Path("runs") / recipe.name, recipe.name)
    return Pipeline(recipe_path, recipe, folder, console)


def check_stage(recipe: Recipe, recipe_path: Path, stage: str) -> None:
    """Raise RecipeError unless the recipe has that stage."""
    if stage not in recipe.stages():
        raise RecipeError(
            str(recipe_path), [f"there is no stage {stage!r}; this recipe has: {', '.join(recipe.stages())}"]
        )
