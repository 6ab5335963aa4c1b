"""The stages of a recipe in order: the one place that knows several stages.

Each `_stage` function says what a stage reads, what it depends on and what it makes; `runner` decides whether it has to run.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel
from rich.console import Console

from qantara.curate.stage import curate
from qantara.evaluate.stage import evaluate
from qantara.ledger import open_ledger
from qantara.llm.calls import CallLedger
from qantara.llm.opening import open_desk
from qantara.llm.prices import PRICES, price_text
from qantara.mix.stage import MixConfig, mix
from qantara.provenance import file_hash
from qantara.recipe import load
from qantara.records import Choice, Example, LossPoint, Prediction, Rejection, Sample, Translation
from qantara.report.stage import render_report
from qantara.review.decisions import add_decisions, decisions_hash, latest_decisions
from qantara.review.exchange import import_review
from qantara.review.stage import review
from qantara.run_facts import calibration_file, gather_facts, price_file, provenance
from qantara.run_recipe import Recipe
from qantara.runner import IDENTITY, Job, RunFolder, run_job, tell_outcome
from qantara.sources.config import SourceConfig
from qantara.sources.reading import content_hash, read, read_pairs
from qantara.store import write_json, write_text
from qantara.train.stage import TrainConfig, train
from qantara.training_order import FILE as ORDER
from qantara.training_order import read_order
from qantara.translate.stage import translate
from qantara.translator.opening import Place, calibrated_threshold, open_room, reused_hashes
from qantara.translator.prompt_files import prompts_hash

Details = dict[str, Any]
Config = TypeVar("Config", bound=BaseModel)


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

    def run(self, again: Sequence[str] = (), only: str | None = None, until: str | None = None) -> list[str]:
        """Run the stages that are not done (and those in `again`), up to `until`; return the names of those that ran."""
        write_json(self.run_folder.path / "recipe.json", self.recipe.model_dump(mode="json"))
        if self.recipe.budget is not None and self.recipe.budget.prices is not None:
            write_text(self.run_folder.path / PRICES, price_text(self.recipe_folder / self.recipe.budget.prices))
        ran = []
        stages = self.recipe.stages()
        for stage in stages[: stages.index(until) + 1 if until is not None else None]:
            if only is not None and stage != only:
                continue
            job = getattr(self, f"_{stage}")()
            if run_job(self.run_folder, job, self.console, again=stage in again):
                tell_outcome(self.run_folder, stage, self.console)
                ran.append(stage)
        return ran

    def _count(self, stage: str) -> int:
        return int((self.run_folder.summary(stage) or {}).get("kept", 0))

    def benchmark_items(self) -> list[Choice]:
        """Return the paired items that are evaluated on, none without a benchmark."""
        return list(self.run_folder.kept("benchmark", Choice)) if self.recipe.benchmark else []

    def mix_examples(self) -> list[Example]:
        """Return what there is to train on: curated records as they came, and reviewed translations."""
        stages = ("curate", "review") if self.recipe.translate is not None else ("curate",)
        return [example for stage in stages for example in self.run_folder.kept(stage, Example)]

    def model_folder(self) -> Path:
        """Return the folder of the model that is trained, fetched and upcycled first if need be."""
        from qantara.models.references import resolve
        from qantara.models.upcycle import upcycled

        config = _given(self.recipe.train)
        folder = resolve(config.model)
        if config.upcycle is None:
            return folder
        return upcycled(folder, config.upcycle.experts, config.upcycle.top_k, self.recipe.seed)

    def train(self) -> list[str]:
        """Run the stages up to `train`; return the names of those that ran.

        Of several processes that torchrun started, the first does what comes before training; all train together.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            with self.run_folder.locked():
                return self.run(until="train")
        from qantara.train.processes import Processes

        processes, stages = Processes(), self.recipe.stages()
        training = [stage for stage in stages if stage in {"pretrain", "train"}]
        ran: list[str] = []
        with self.run_folder.locked() if processes.is_main else nullcontext():
            if processes.is_main:
                ran += self.run(until=stages[stages.index(training[0]) - 1])
            processes.wait()
            for stage in training:
                ran += self.run(only=stage) if processes.is_main else self._join(stage)
                processes.wait()
        processes.part()
        return ran

    def _join(self, stage: str) -> list[str]:
        """Take part in a training stage that another process writes down, unless it is done."""
        job: Job = getattr(self, f"_{stage}")()
        done = self.run_folder.summary(stage)
        if done is not None and done["key"] == job.key():
            return []
        for _ in job.work():
            continue
        return [stage]

    def _read(self, sources: Iterable[SourceConfig]) -> Generator[Example, None, None]:
        for source in sources:
            yield from read(source, self.data_folder, self.recipe.source_language)

    def _sources(self) -> Job:
        recipe = self.recipe

        def work() -> Generator[Example, None, Details]:
            yield from self._read(recipe.sources)
            return {}

        hashes = tuple(content_hash(source, self.data_folder) for source in recipe.sources)
        settings = [source.model_dump(mode="json") for source in recipe.sources]
        return Job(stage="sources", settings=settings, inputs=hashes, record_type=Example, num_in=None, work=work)

    def _benchmark(self) -> Job:
        config = self.recipe.benchmark
        if config is None:
            raise ValueError("the recipe has no benchmark")

        def work() -> Generator[Choice, None, Details]:
            yield from read_pairs(config, self.data_folder, *self.direction)
            return {}

        inputs = (content_hash(config, self.data_folder), *self.direction)
        return Job(stage="benchmark", settings=config, inputs=inputs, record_type=Choice, num_in=None, work=work)

    def _curated(self, examples: Iterable[Example]) -> Generator[Example | Rejection, None, Details]:
        """Curate; a run that trains takes records of both languages, one that only translates those of the source language."""
        recipe = self.recipe
        languages = self.direction if recipe.train is not None else (recipe.source_language,)
        kept: Counter[str] = Counter()
        for outcome in curate(examples, self.benchmark_items(), recipe.curate, languages):
            if not isinstance(outcome, Rejection):
                kept[outcome.language] += 1
            yield outcome
        return {"kept_by_language": dict(kept)}

    def _benchmark_output(self) -> tuple[str, ...]:
        return (self.run_folder.output("benchmark"),) if self.recipe.benchmark else ()

    def _curate(self) -> Job:
        folder = self.run_folder
        return Job(
            stage="curate",
            settings=[self.recipe.curate.model_dump(mode="json"), self.recipe.train is not None],
            inputs=(folder.output("sources"), *self._benchmark_output()),
            record_type=Example,
            num_in=self._count("sources"),
            work=lambda: self._curated(folder.kept("sources", Example)),
        )

    def _texts(self) -> Job:
        sources = _given(self.recipe.pretrain).sources
        hashes = tuple(content_hash(source, self.data_folder) for source in sources)
        return Job(
            stage="texts",
            settings=[
                [source.model_dump(mode="json") for source in sources],
                self.recipe.curate.model_dump(mode="json"),
            ],
            inputs=(*hashes, *self._benchmark_output()),
            record_type=Example,
            num_in=None,
            work=lambda: self._curated(self._read(sources)),
        )

    def _translate(self) -> Job:
        folder, config, source = self.run_folder, _given(self.recipe.translate), self.recipe.source_language
        counts = (folder.summary("curate") or {}).get("details", {}).get("kept_by_language", {})
        place = Place(folder=self.recipe_folder, engine=self.engine, direction=self.direction)
        threshold = calibrated_threshold(config.calibration, config.threshold, config, place)

        def work() -> Generator[Any, None, dict[str, Any]]:
            if config.warning:
                self.console.print(f"  {config.warning}", highlight=False, soft_wrap=True)
            desk = open_desk(self.engine, self.recipe_folder, self.recipe.budget)
            room = open_room(config, place, desk, threshold)
            examples = (example for example in folder.kept("curate", Example) if example.language == source)
            details = yield from translate(examples, config, room, self.recipe.seed)
            return details | {"calls": CallLedger(self.engine).troubles()}

        inputs = (folder.output("curate"), prompts_hash(), str(self.recipe.seed), *self.direction, str(threshold))
        return Job(
            stage="translate",
            settings=config.result_settings(),
            inputs=(*inputs, *reused_hashes(config, place)),
            record_type=Translation,
            num_in=counts.get(source, 0),
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

    def _model_settings(self) -> Any:  # noqa: ANN401 - JSON
        config = self.recipe.train
        return config.model_dump(mode="json", include={"model", "upcycle"}) if config else {}

    def _mix(self) -> Job:
        stages = ("curate", "review") if self.recipe.translate is not None else ("curate",)
        return self._mix_job("mix", _given(self.recipe.mix), stages, self.mix_examples)

    def _text_mix(self) -> Job:
        texts = self.run_folder
        config = _given(self.recipe.pretrain).mix
        return self._mix_job("text_mix", config, ("texts",), lambda: list(texts.kept("texts", Example)))

    def _mix_job(
        self, stage: str, config: MixConfig, stages: Sequence[str], examples: Callable[[], list[Example]]
    ) -> Job:
        folder = self.run_folder

        def work() -> Generator[Sample | Rejection, None, Details]:
            from qantara.models.loading import load_tokenizer

            tokenizer = load_tokenizer(self.model_folder())
            return (yield from mix(examples(), tokenizer, config, self.recipe.seed, folder.folder(stage)))

        return Job(
            stage=stage,
            settings=[config.model_dump(mode="json"), self._model_settings()],
            inputs=(*(folder.output(name) for name in stages), str(self.recipe.seed)),
            record_type=Sample,
            num_in=sum(self._count(name) for name in stages),
            work=work,
        )

    def _pretrain(self) -> Job:
        return self._train_job("pretrain", _given(self.recipe.pretraining()), "text_mix", None)

    def _train(self) -> Job:
        start = "pretrain" if self.recipe.pretrain is not None else None
        return self._train_job("train", _given(self.recipe.train), "mix", start)

    def _train_job(self, stage: str, config: TrainConfig, mixed: str, start: str | None) -> Job:
        """Return the job that trains on what stage `mixed` holds, from the adapter of stage `start` on if there is one."""
        folder, seed = self.run_folder, self.recipe.seed

        def work() -> Generator[LossPoint, None, Details]:
            samples, order = folder.kept(mixed, Sample), read_order(folder.folder(mixed) / ORDER)
            adapter = folder.folder(start) / "adapter" if start is not None else None
            return (yield from train(samples, order, self.model_folder(), config, folder.folder(stage), seed, adapter))

        inputs = (folder.output(mixed), file_hash(folder.folder(mixed) / ORDER), str(seed))
        return Job(
            stage=stage,
            settings=config,
            inputs=(*inputs, *((folder.output(start),) if start is not None else ())),
            record_type=LossPoint,
            num_in=None,
            work=work,
            show=lambda point: f"step {point.step} {point.fold} {point.language} loss {point.loss:.3f}",
        )

    def _evaluate(self) -> Job:
        folder, config = self.run_folder, _given(self.recipe.evaluate)

        def work() -> Generator[Prediction, None, dict[str, Any]]:
            adapter = folder.folder("train") / "adapter"
            return (yield from evaluate(self.benchmark_items(), self.model_folder(), adapter, config, self.direction))

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

        def work() -> Generator[Any, None, Details]:
            trained = self.model_folder() if recipe.train is not None else None
            made_with = provenance(recipe, trained)
            write_json(folder.path / "provenance.json", made_with)
            facts = gather_facts(recipe, folder, self.engine, (made_with, self._calibration()))
            write_text(folder.folder("report") / "index.html", render_report(facts, recipe.report))
            yield from ()
            return {}

        inputs = tuple(folder.output(stage) for stage in recipe.stages()[:-1])
        inputs += tuple(file_hash(file) for file in (self._calibration(), price_file(folder)) if file is not None)
        return Job(stage="report", settings=recipe.report, inputs=inputs, record_type=LossPoint, num_in=None, work=work)

    def _calibration(self) -> Path | None:
        return calibration_file(self.recipe, self.run_folder, self.recipe_folder)


def _given(config: Config | None) -> Config:
    """Return settings that the recipe must have for its stage to be run."""
    if config is None:
        raise ValueError("a stage was asked for that the recipe has no settings for")
    return config


def open_pipeline(recipe_path: Path, overrides: Sequence[str], run_folder: Path | None, console: Console) -> Pipeline:
    """Read a recipe and open its run folder (`runs/NAME` unless one is given)."""
    recipe = load(recipe_path, Recipe, overrides)
    path = run_folder or Path("runs") / recipe.name
    while os.environ.get("RANK", "0") != "0" and not (path / IDENTITY).exists():
        time.sleep(0.05)  # the first of torchrun's processes makes the folder
    folder = RunFolder(path, recipe.name)
    return Pipeline(recipe_path, recipe, folder, console)
