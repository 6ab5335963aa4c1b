"""The recipe of a run as a whole: which stages there are, in which order, and what their settings say together.

Data may come in both languages already: then `translate` is left out. Reads no file (`recipe` does) and runs nothing (`pipeline`).
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qantara.curate.stage import CurateConfig
from qantara.errors import RecipeError
from qantara.evaluate.stage import EvaluateConfig
from qantara.languages import LANGUAGES
from qantara.llm.budget import BudgetConfig
from qantara.mix.stage import MixConfig
from qantara.report.stage import ReportConfig
from qantara.review.stage import ReviewConfig
from qantara.sources.config import PairsConfig, SourceConfig
from qantara.train.stage import Schedule, TrainConfig
from qantara.translate.stage import TranslateConfig

STAGES = (
    *("sources", "benchmark", "curate", "translate", "review", "mix"),
    *("texts", "text_mix", "pretrain", "train", "evaluate", "report"),
)
_NEEDS = {"translate": ("translate", "review"), "pretrain": ("texts", "text_mix", "pretrain")}
_OPTIONAL = ("benchmark", "mix", "train", "evaluate")


class PretrainConfig(BaseModel):
    """Continued pretraining on raw text, before fine-tuning and with the same adapter.

    `mix.ratio` says how much English is replayed beside the new language, which keeps it from being forgotten.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[SourceConfig, ...] = Field(
        min_length=1, description="what is read: passages, in any language of the run"
    )
    mix: MixConfig = Field(description="tokens and ratio of languages of the texts")
    schedule: Schedule = Field(default_factory=Schedule, description="how much is learnt a step, and how fast")


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
    translate: TranslateConfig | None = Field(
        default=None, description="how records of the source language are translated; none: the data has both languages"
    )
    review: ReviewConfig = ReviewConfig()
    mix: MixConfig | None = None
    pretrain: PretrainConfig | None = None
    train: TrainConfig | None = None
    evaluate: EvaluateConfig | None = None
    report: ReportConfig = ReportConfig()

    @model_validator(mode="after")
    def _fits_together(self) -> "Recipe":
        for fault in (*self._language_faults(), *self._training_faults()):
            raise ValueError(fault)
        if not self.sources:
            raise ValueError("sources needs at least one entry: what is to be read")
        if self.translate is None and self.train is None:
            raise ValueError("nothing to do: give translate, train or both")
        return self

    def _language_faults(self) -> list[str]:
        direction = (self.source_language, self.target_language)
        faults = [
            f"language {code!r} is not known; known: {', '.join(sorted(LANGUAGES))}"
            for code in direction
            if code not in LANGUAGES
        ]
        if self.source_language == self.target_language:
            faults.append(f"source_language and target_language are the same: {self.source_language}")
        texts = self.pretrain.sources if self.pretrain is not None else ()
        named = [source.language for source in (*self.sources, *texts) if source.language is not None]
        faults += [
            f"a source is in {code!r}, the run is in {' and '.join(direction)}"
            for code in named
            if code not in direction
        ]
        return faults

    def _training_faults(self) -> list[str]:
        faults = []
        if self.train is not None and self.mix is None:
            faults.append("train needs mix: the token budget and the language ratio of what it trains on")
        if self.mix is not None and self.train is None:
            faults.append("mix needs train: its tokens are those of the model that is trained")
        if self.pretrain is not None and self.train is None:
            faults.append("pretrain needs train: the model, and how it is held")
        if self.evaluate is not None and (self.train is None or self.benchmark is None):
            faults.append("evaluate needs train (for the model) and benchmark (for the items)")
        if self.mix is not None and self.train is not None and self.mix.max_tokens > self.train.max_tokens:
            faults.append(
                f"mix.max_tokens ({self.mix.max_tokens}) is more than train.max_tokens ({self.train.max_tokens})"
            )
        if self.pretrain is not None and self.pretrain.mix.max_tokens > self.pretrain.schedule.max_tokens:
            faults.append("pretrain.mix.max_tokens is more than pretrain.schedule.max_tokens")
        return faults

    def stages(self) -> tuple[str, ...]:
        """Return the stages that this recipe has, in order."""
        absent = {name for name in _OPTIONAL if getattr(self, name) is None}
        for part, stages in _NEEDS.items():
            absent |= set(stages) if getattr(self, part) is None else set()
        return tuple(stage for stage in STAGES if stage not in absent)

    def pretraining(self) -> TrainConfig | None:
        """Return the settings of continued pretraining: the model and adapter of `train`, on its own schedule."""
        if self.pretrain is None or self.train is None:
            return None
        return self.train.model_copy(
            update={name: getattr(self.pretrain.schedule, name) for name in Schedule.model_fields}
        )


def check_stage(recipe: Recipe, recipe_path: Path, stage: str) -> None:
    """Raise RecipeError unless the recipe has that stage."""
    known = recipe.stages()
    if stage not in known:
        raise RecipeError(str(recipe_path), [f"there is no stage {stage!r}; this recipe has: {', '.join(known)}"])
