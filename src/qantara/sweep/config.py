"""The recipe of a sweep: that of a run, and what is tried. An arm is one ratio, seed and learning rate, all else the same."""

import math
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from qantara.run_recipe import Recipe
from qantara.train.stage import TrainConfig

Ratio = dict[str, float]


class SweepConfig(BaseModel):
    """What is tried, and how many arms at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ratios: tuple[Ratio, ...] = Field(
        min_length=1, description="parts by language code, one entry a ratio: [{ar: 1, en: 0}, {ar: 1, en: 1}]"
    )
    seeds: tuple[int, ...] = Field(
        default=(0, 1, 2),
        min_length=1,
        description="each draws its own data in its own order and starts its own adapters; intervals need at least two",
    )
    learning_rates: tuple[float, ...] = Field(
        default=(),
        description="peak learning rates; the routers' goes up and down along with it. None: the one of train",
    )
    parallel: int = Field(default=1, ge=1, le=1024, description="arms at once, each on an accelerator of its own")
    scheduler: Literal["local", "ray"] = Field(
        default="local", description="processes of this machine, or trials of Ray Tune (on all machines of its cluster)"
    )
    confidence: float = Field(default=0.95, ge=0.5, lt=1, description="of intervals and of what counts as a difference")

    @field_validator("ratios")
    @classmethod
    def _parts_are_positive(cls, ratios: tuple[Ratio, ...]) -> tuple[Ratio, ...]:
        for ratio in ratios:
            if not all(0 <= part < math.inf for part in ratio.values()) or not any(ratio.values()):
                raise ValueError("give each language a part of 0 or more, and at least one more than 0")
        return ratios

    @model_validator(mode="after")
    def _nothing_stands_twice(self) -> "SweepConfig":
        if min(self.seeds) < 0 or max(self.seeds) >= 2**32:
            raise ValueError("seeds go from 0 up to 2**32 - 1")
        if any(not 0 < rate <= 0.1 for rate in self.learning_rates):
            raise ValueError("learning rates are more than 0 and at most 0.1")
        for name, values in (
            ("ratio", [arm_name(ratio, 0, 1.0) for ratio in self.ratios]),
            ("seed", self.seeds),
            ("learning rate", [arm_name({"": 1.0}, 0, rate) for rate in self.learning_rates]),
        ):
            if len(set(values)) < len(values):
                raise ValueError(f"a {name} is given twice")
        return self


class SweepRecipe(Recipe):
    """A run whose mix and training are repeated for each arm. `mix.ratio` has no say here and can be left out."""

    sweep: SweepConfig

    @model_validator(mode="before")
    @classmethod
    def _ratio_is_that_of_the_arms(cls, values: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        if isinstance(values, dict) and isinstance(values.get("mix"), dict) and isinstance(values.get("sweep"), dict):
            ratios = values["sweep"].get("ratios")
            if isinstance(ratios, list | tuple) and ratios and "ratio" not in values["mix"]:
                return values | {"mix": values["mix"] | {"ratio": ratios[0]}}
        return values

    @model_validator(mode="after")
    def _arms_can_be_compared(self) -> "SweepRecipe":
        if self.train is None or self.mix is None:
            raise ValueError("a sweep needs mix and train: what each arm draws, and how it trains")
        if self.mix.budget_tokens is None:
            raise ValueError("a sweep needs mix.budget_tokens: arms are compared at the same budget")
        if self.pretrain is not None:
            raise ValueError(
                "a sweep doesn't pretrain: do that with `qantara run`, merge it, and sweep the merged model"
            )
        known = {self.source_language, self.target_language}
        if unknown := {code for ratio in self.sweep.ratios for code in ratio} - known:
            raise ValueError(f"a ratio names {', '.join(sorted(unknown))}; the run is in {' and '.join(sorted(known))}")
        return self


class Arm(NamedTuple):
    """One condition; `ratio` is as in the recipe, `share` the target language's part of it, 0..1."""

    name: str
    ratio: Ratio
    share: float
    seed: int
    learning_rate: float


def arms_of(recipe: SweepRecipe) -> list[Arm]:
    """Return all arms, seed by seed: a sweep that is stopped early has all ratios of its first seeds."""
    train = _train(recipe)
    rates = recipe.sweep.learning_rates or (train.learning_rate,)
    ordered = sorted(recipe.sweep.ratios, key=lambda ratio: _share(ratio, recipe.target_language))
    return [
        Arm(arm_name(ratio, seed, rate), ratio, _share(ratio, recipe.target_language), seed, rate)
        for seed in recipe.sweep.seeds
        for rate in rates
        for ratio in ordered
    ]


def arm_name(ratio: Ratio, seed: int, learning_rate: float) -> str:
    """Return an arm's name, also that of its folder, such as `ar20-en80-lr0.0002-seed1`: percent, learning rate, seed."""
    total = sum(ratio.values())
    parts = [f"{code}{100 * part / total:.4g}" for code, part in sorted(ratio.items()) if part > 0]
    return "-".join((*parts, f"lr{learning_rate:.4g}", f"seed{seed}"))


def train_config(recipe: SweepRecipe, arm: Arm) -> TrainConfig:
    """Return an arm's training: the recipe's at the arm's learning rate, the routers' scaled along."""
    train = _train(recipe)
    routers = min(0.1, train.router_learning_rate * arm.learning_rate / train.learning_rate)
    return train.model_copy(update={"learning_rate": arm.learning_rate, "router_learning_rate": routers})


def _share(ratio: Ratio, code: str) -> float:
    return ratio.get(code, 0.0) / sum(ratio.values())


def _train(recipe: SweepRecipe) -> TrainConfig:
    if recipe.train is None:
        raise ValueError("checked when the recipe was read")
    return recipe.train
