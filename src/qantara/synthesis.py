"""Items to dialogues from end to end: what `qantara synthesize` calls. Reads items, runs the synthesize stage, leaves a run folder.

The folder holds the stages `sources` and `synthesize`, the ledger of calls, and `dialogues.jsonl` for people. Knows no other stage.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from rich.console import Console

from qantara.errors import RecipeError
from qantara.fidelity.encoders import encoder
from qantara.languages import LANGUAGES
from qantara.ledger import open_ledger
from qantara.llm.budget import BudgetConfig
from qantara.llm.calls import CallLedger
from qantara.llm.opening import Callers, open_desk
from qantara.llm.prices import PRICES, price_text
from qantara.provenance import describe
from qantara.recipe import checked, config_hash, load
from qantara.records import Dialogue, Example
from qantara.runner import Job, RunFolder, run_job, tell_outcome
from qantara.sources.config import SourceConfig
from qantara.sources.detection import source_of
from qantara.sources.reading import content_hash, read
from qantara.store import write_json, write_jsonl, write_text
from qantara.synthesize.config import SynthesizeConfig
from qantara.synthesize.forms import SWITCH
from qantara.synthesize.prompting import prompts_hash
from qantara.synthesize.room import Room
from qantara.synthesize.stage import orders, synthesize

OUTPUT = "dialogues.jsonl"
_COMMAND = "qantara synthesize"
_SPEAKERS = {"user": "patient", "assistant": "doctor", "system": "system"}


class SynthesisRecipe(BaseModel):
    """A run that makes dialogues and nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="whose run a folder is")
    seed: int = Field(default=0, ge=0, lt=2**32, description="the one seed that every random choice follows from")
    source_language: str = Field(default="en", description="language of items that don't name theirs; one of a switch")
    target_language: str = Field(default="ar", description="the other language of a switch, which its record counts as")
    data: Path | None = Field(
        default=None, description="folder that relative paths of sources start from; none: the recipe's own"
    )
    ledger: str | None = Field(
        default=None, description="database URL for calls; none: ledger.sqlite in the run folder"
    )
    budget: BudgetConfig | None = Field(
        default=None, description="what language-model calls may cost at most; none: no limit"
    )
    sources: tuple[SourceConfig, ...] = Field(min_length=1, description="what is read, in order; at least one")
    synthesize: SynthesizeConfig

    @model_validator(mode="after")
    def _fits_together(self) -> "SynthesisRecipe":
        for code in (self.source_language, self.target_language):
            if code not in LANGUAGES:
                raise ValueError(f"language {code!r} is not known; known: {', '.join(sorted(LANGUAGES))}")
        if self.synthesize.forms.get(SWITCH) and self.source_language == self.target_language:
            raise ValueError(
                "a switching dialogue needs two languages: source_language and target_language are the same"
            )
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says; `recipe` and the endpoint exclude each other, "" and empty mean not said.

    `direction` are the items' language and the other one of a switch; a recipe says its own.
    """

    recipe: Path | None = None
    direction: tuple[str, str] = ("en", "ar")
    endpoint: str = ""
    model: str = ""
    judge_model: str = ""
    forms: Sequence[str] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    overrides: Sequence[str] = ()


def synthesis_recipe(file: Path | None, options: Options) -> SynthesisRecipe:
    """Return the recipe of a command line; `file` takes the place of the recipe's sources."""
    if options.recipe is not None:
        if options.endpoint or options.model or options.judge_model:
            raise RecipeError(_COMMAND, ["give --recipe, or an endpoint and its models, not both"])
        values = load(options.recipe, SynthesisRecipe, options.overrides).model_dump(mode="json")
    else:
        source, target = options.direction
        values = {"name": "synthesize", "source_language": source, "target_language": target}
        values["synthesize"] = _endpoints(options)
        if file is None:
            raise RecipeError(_COMMAND, ["give a FILE of items, or a recipe that has sources"])
    if file is not None:
        values["sources"] = [source_of(file, options.columns).model_dump(mode="json")]
    if options.forms:
        values["synthesize"] |= {"forms": dict.fromkeys(options.forms, 1.0)}
    return checked(SynthesisRecipe, values, _COMMAND)


class Synthesis:
    """One run in one folder; `run` does what is left to do."""

    def __init__(self, recipe: SynthesisRecipe, recipe_folder: Path, run: Path, console: Console) -> None:
        self.recipe = recipe
        self.run_folder = RunFolder(run, recipe.name)
        self.console = console
        self.recipe_folder = recipe_folder
        self.engine = open_ledger(recipe.ledger or run / "ledger.sqlite")
        self.direction = (recipe.source_language, recipe.target_language)

    def run(self) -> Path:
        """Run what is not done, write the dialogues for people, and return where they are."""
        folder = self.run_folder
        write_json(folder.path / "recipe.json", self.recipe.model_dump(mode="json"))
        if self.recipe.budget is not None and self.recipe.budget.prices is not None:
            write_text(folder.path / PRICES, price_text(self.recipe_folder / self.recipe.budget.prices))
        for make in (self._sources, self._synthesize):
            job = make()
            if run_job(folder, job, self.console):
                tell_outcome(folder, job.stage, self.console)
        write_json(folder.path / "provenance.json", self._provenance())
        path = folder.path / OUTPUT
        write_jsonl(path, map(_line, folder.kept("synthesize", Dialogue)))
        return path

    def _sources(self) -> Job:
        recipe, data = self.recipe, self.recipe.data or self.recipe_folder

        def work() -> Generator[Example, None, dict[str, Any]]:
            for source in recipe.sources:
                yield from read(source, data, recipe.source_language)
            return {}

        hashes = tuple(content_hash(source, data) for source in recipe.sources)
        settings = [source.model_dump(mode="json") for source in recipe.sources]
        return Job(stage="sources", settings=settings, inputs=hashes, record_type=Example, num_in=None, work=work)

    def _synthesize(self) -> Job:
        folder, config, seed = self.run_folder, self.recipe.synthesize, self.recipe.seed

        def items() -> Iterator[Example]:
            return folder.kept("sources", Example)

        def work() -> Generator[Any, None, dict[str, Any]]:
            details = yield from synthesize(items(), config, self._room(), seed)
            return details | {"calls": CallLedger(self.engine).troubles()}

        return Job(
            stage="synthesize",
            settings=config,
            inputs=(folder.output("sources"), prompts_hash(), str(seed), *self.direction),
            record_type=Dialogue,
            num_in=sum(1 for _ in orders(items(), config, self.direction, seed)),
            work=work,
        )

    def _room(self) -> Room:
        config, desk = self.recipe.synthesize, open_desk(self.engine, self.recipe_folder, self.recipe.budget)
        callers = Callers(desk, self.recipe_folder, self.engine)
        judge = callers.of(config.judge) if config.judge else None
        return Room(
            writer=callers.of(config.model), judge=judge, desk=desk, encoder=encoder(), direction=self.direction
        )

    def _provenance(self) -> dict[str, Any]:
        return describe(self.recipe.seed, config_hash(self.recipe), {}) | {"prompts_hash": prompts_hash()}


def _endpoints(options: Options) -> dict[str, Any]:
    if not options.endpoint or not options.model:
        raise RecipeError(_COMMAND, ["give --recipe, or --endpoint and --model"])
    shared = {"backend": "endpoint", "url": options.endpoint}
    judge = {"judge": shared | {"model": options.judge_model}} if options.judge_model else {}
    return {"model": shared | {"model": options.model}} | judge


def _line(dialogue: Dialogue) -> dict[str, object]:
    """Return a dialogue as people read it; `item` and `family` are record ids."""
    origin = dialogue.origin
    return {
        "id": dialogue.id,
        "language": dialogue.language,
        "item": origin.parent,
        "native_id": origin.native_id,
        "family": origin.family,
        "subject": origin.subject,
        "turns": [{"role": _SPEAKERS[turn.role], "text": turn.text} for turn in dialogue.turns],
    }
