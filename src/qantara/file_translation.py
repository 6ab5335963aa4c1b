"""One file to another language: what `qantara translate` calls. A recipe is made of file and options, and the pipeline runs it.

Reads JSONL, CSV, TSV or Parquet of records or of plain `{"id", "text"}`; leaves a run folder and in it `translations.jsonl`, one
line for each row that came in, in order.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from rich.console import Console

from qantara.errors import RecipeError
from qantara.llm.budget import BudgetConfig
from qantara.llm.endpoint import EndpointConfig
from qantara.llm.interface import Fault
from qantara.pipeline import Pipeline
from qantara.recipe import checked, load
from qantara.records import Example, Rejection, Translation
from qantara.run_recipe import Recipe
from qantara.runner import RunFolder
from qantara.sources.detection import source_of
from qantara.store import plain, write_jsonl
from qantara.translate.stage import TranslateConfig

OUTPUT = "translations.jsonl"
_COMMAND = "qantara translate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says; `recipe` and the endpoint exclude each other."""

    direction: tuple[str, str]
    recipe: Path | None = None
    endpoint: str = ""
    model: str = ""
    judge_model: str = ""
    judge_endpoint: str = ""
    concurrency: int = 64
    columns: Mapping[str, str] = field(default_factory=dict)
    meaning: bool = True
    budget_usd: Decimal | None = None
    budget_tokens: int | None = None
    prices: Path | None = None
    overrides: tuple[str, ...] = ()


def open_translation(file: Path, run: Path, options: Options, console: Console) -> Pipeline:
    """Return the pipeline of a file's translation in the run folder `run`."""
    recipe = _recipe(file, run, options)
    return Pipeline(options.recipe or Path.cwd() / "options", recipe, RunFolder(run, recipe.name), console)


def unanswered(pipeline: Pipeline) -> int:
    """Return how many records of a finished run had a call without an answer, retries and all: the next run asks again."""
    found = (pipeline.run_folder.summary("translate") or {}).get("details", {}).get("found_by_rule", {})
    return sum(found.get(f"{kind}.{fault}", 0) for kind in ("call", "judge") for fault in get_args(Fault))


def write_translations(pipeline: Pipeline) -> tuple[Path, Counter[str]]:
    """Write one line for each row that came in: its id, where it went and why, and the translation if there is one.

    Returns the file and the number of rows by status: accepted, waits, rejected.
    """
    path = pipeline.run_folder.path / OUTPUT
    statuses: Counter[str] = Counter()

    def counted() -> Iterator[dict[str, object]]:
        for line in _lines(pipeline.run_folder):
            statuses[str(line["status"])] += 1
            yield line

    write_jsonl(path, counted())
    return path, statuses


def _recipe(file: Path, run: Path, options: Options) -> Recipe:
    if faults := _contradictions(options):
        raise RecipeError(_COMMAND, faults)
    limits = {"usd": options.budget_usd, "tokens": options.budget_tokens, "prices": _absolute(options.prices)}
    budget = (
        checked(BudgetConfig, limits, _COMMAND, "budget")
        if any(value is not None for value in limits.values())
        else None
    )
    values: dict[str, Any] = {
        "name": _name_of(run),
        "source_language": options.direction[0],
        "target_language": options.direction[1],
        "sources": (source_of(file, options.columns),),
        "curate": {"duplicates": False, "least_script_share": 0, "max_characters": 1_000_000},
    }
    if options.recipe is not None:
        given = load(options.recipe, Recipe, options.overrides)
        values |= {"translate": given.translate, "seed": given.seed, "ledger": given.ledger, "report": given.report}
        return checked(Recipe, values | {"budget": budget or given.budget}, _COMMAND)
    return checked(Recipe, values | {"budget": budget, "translate": _translate_config(options)}, _COMMAND)


def _contradictions(options: Options) -> list[str]:
    has_models = any((options.endpoint, options.model, options.judge_model, options.judge_endpoint))
    if options.recipe is not None:
        return ["give --recipe, or an endpoint and its models, not both"] if has_models else []
    faults = [] if options.endpoint and options.model else ["give --recipe, or --endpoint and --model"]
    if options.judge_endpoint and not options.judge_model:
        faults.append("--judge-endpoint needs --judge-model")
    if options.overrides:
        faults.append("--set overrides a recipe: give --recipe")
    return faults


def _translate_config(options: Options) -> TranslateConfig:
    shared = {"backend": "endpoint", "concurrency": options.concurrency}
    model = checked(EndpointConfig, shared | {"url": options.endpoint, "model": options.model}, _COMMAND, "endpoint")
    if not options.judge_model:
        return TranslateConfig(model=model, meaning=options.meaning)
    judge = shared | {"url": options.judge_endpoint or options.endpoint, "model": options.judge_model}
    return TranslateConfig(
        model=model, judge=checked(EndpointConfig, judge, _COMMAND, "judge_endpoint"), meaning=options.meaning
    )


def _name_of(run: Path) -> str:
    """Return the run folder's name as a recipe may be called."""
    letters = (c if c.isalnum() and c.isascii() else "-" for c in run.resolve().name.lower())
    return "".join(letters).strip("-") or "run"


def _absolute(path: Path | None) -> Path | None:
    return path.resolve() if path else None


def _lines(folder: RunFolder) -> Iterator[dict[str, object]]:
    """Join what came in with what became of it; every stage keeps the order, so one pass over each file is enough."""
    refused = {stage: _Rejections(folder.rejected(stage)) for stage in ("curate", "translate", "review")}
    curated, translated = folder.kept("curate", Example), folder.kept("translate", Translation)
    final = folder.kept("review", Example)
    for example in folder.kept("sources", Example):
        line: dict[str, object] = {"id": example.origin.native_id}
        if fault := refused["curate"].take(example.id):
            yield line | {"status": "rejected", "reason": fault.reason}
            continue
        source = next(curated)
        if fault := refused["translate"].take(source.id):
            yield line | {"status": "rejected", "reason": fault.reason}
            continue
        translation = next(translated)
        line["score"] = translation.score
        if fault := refused["review"].take(source.id):
            waits = fault.reason == "awaits_review"
            line |= {
                "status": "waits" if waits else "rejected",
                "reason": translation.reason if waits else fault.reason,
            }
            yield line | ({"draft": _texts(translation.target)} if translation.target is not None else {})
            continue
        target = next(final)
        yield line | {"status": "accepted", "language": target.language} | _texts(target)


class _Rejections:
    """The rejections of a stage in order, taken one by one by the record's id."""

    def __init__(self, rejections: Iterator[Rejection]) -> None:
        self._rejections = rejections
        self._next = next(rejections, None)

    def take(self, record_id: str) -> Rejection | None:
        """Return the next rejection if it is this record's."""
        if self._next is None or self._next.record_id != record_id:
            return None
        found, self._next = self._next, next(self._rejections, None)
        return found


def _texts(example: Example) -> dict[str, object]:
    values = plain(example)
    return {name: value for name, value in values.items() if name not in ("id", "origin", "language") and value != ""}
