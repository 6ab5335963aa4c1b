"""Makes the folders of a sweep's arms: samples rendered once for all, an order drawn for each, and what its process needs to know.

The validation fold follows from the recipe's seed and is the same for all arms; an arm's seed decides what it draws and how its
adapters start. All orders hold the same number of tokens, or nothing is trained.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qantara.errors import RecipeError
from qantara.evaluate.stage import EvaluateConfig
from qantara.mix.stage import MixConfig, draw, render_samples
from qantara.pipeline import Pipeline
from qantara.records import Sample, content_id
from qantara.runner import RunFolder
from qantara.store import KEPT, read_json, read_records, write_json, write_records
from qantara.sweep.arm import SETTINGS, ArmSettings, read_settings
from qantara.sweep.config import Arm, SweepRecipe, arms_of, train_config
from qantara.training_order import FILE as ORDER
from qantara.training_order import TrainingOrder, write_order

BASE = "base"
SAMPLES = "samples.parquet"
_RENDERED = "samples.json"
_LEFT_OVER = 0.001  # of the budget: the last piece of a language can be too short to be learnt from, and with a unit of
# samples the last one may not fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What all arms share. `data_key` is the hash of what the samples follow from, `key` of that and of how they are drawn."""

    recipe: SweepRecipe
    mix: MixConfig
    folder: Path
    model_folder: Path
    benchmark: Path | None
    data_key: str
    key: str


def gather_inputs(pipeline: Pipeline, recipe: SweepRecipe) -> Inputs:
    """Return what arms share, once the run has come as far as the data that they mix."""
    run = pipeline.run_folder
    mix = recipe.mix
    if mix is None:
        raise ValueError("checked when the recipe was read")
    stages = ["curate", *(["review"] if recipe.translate is not None else [])]
    outputs = [run.output(stage) for stage in (*stages, *(["benchmark"] if recipe.benchmark else []))]
    train = recipe.train.model_dump(mode="json", include={"model", "upcycle"}) if recipe.train is not None else {}
    data_key = content_id(outputs, train, mix.max_tokens, mix.validation_share, recipe.seed)
    return Inputs(
        recipe=recipe,
        mix=mix,
        folder=run.path.absolute() / "sweep",
        model_folder=pipeline.model_folder().absolute(),
        benchmark=run.folder("benchmark").absolute() / KEPT if recipe.benchmark is not None else None,
        data_key=data_key,
        key=content_id(data_key, mix.model_dump(mode="json", exclude={"ratio"})),
    )


def prepare(pipeline: Pipeline, inputs: Inputs) -> list[Path]:
    """Return the folders of all arms, the base model's first, ready to be run; those that are unchanged stay as they are.

    Raises RecipeError that names the arms which can't draw the whole budget.
    """
    arms = [(arm, inputs.folder / "arms" / arm.name) for arm in arms_of(inputs.recipe)]
    folders = [_prepare_base(inputs)] if inputs.recipe.evaluate is not None else []
    samples: list[Sample] = []
    short: dict[str, int] = {}
    for arm, folder in arms:
        settings = read_settings(folder)
        if settings is None or settings.key != _arm_key(inputs, arm):
            samples = samples or _samples(pipeline, inputs)
            order = draw(samples, inputs.mix.model_copy(update={"ratio": arm.ratio}), arm.seed)
            num_tokens = int(order.num_tokens.sum())
            if num_tokens < (1 - _LEFT_OVER) * (inputs.mix.budget_tokens or 0):
                short[arm.name] = num_tokens
            elif not short:
                _write_arm(inputs, (arm, folder), order, samples)
    if short:
        raise RecipeError("sweep", _shortage(short, inputs.mix))
    return folders + [folder for _, folder in arms]


def _shortage(short: dict[str, int], mix: MixConfig) -> list[str]:
    faults = [
        f"arm {name} can draw {num_tokens:,} tokens of {mix.budget_tokens:,}" for name, num_tokens in short.items()
    ]
    least = min(short.values())
    return [
        *faults,
        f"nothing was trained: set mix.budget_tokens to {least:,} or less, raise mix.max_epochs, or add data",
    ]


def _samples(pipeline: Pipeline, inputs: Inputs) -> list[Sample]:
    """Return the samples of all arms, rendered once: later sweeps with the same data and model read them."""
    place, note = inputs.folder / SAMPLES, inputs.folder / _RENDERED
    if not (note.exists() and place.exists() and read_json(note) == {"key": inputs.data_key}):
        from qantara.models.loading import load_tokenizer

        note.unlink(missing_ok=True)
        tokenizer = load_tokenizer(inputs.model_folder)
        rendered = render_samples(pipeline.mix_examples(), tokenizer, inputs.mix, inputs.recipe.seed)
        write_records(place, rendered, Sample)
        write_json(note, {"key": inputs.data_key})
    return list(read_records(place, Sample))


def _write_arm(inputs: Inputs, place: tuple[Arm, Path], order: TrainingOrder, samples: Sequence[Sample]) -> None:
    arm, folder = place
    settings = ArmSettings(
        name=arm.name,
        key=_arm_key(inputs, arm),
        seed=arm.seed,
        share=arm.share,
        learning_rate=arm.learning_rate,
        tokens=tokens_by_language(order, samples),
        train=train_config(inputs.recipe, arm),
        **_shared(inputs),
    )
    _clear(folder, arm.name)
    write_order(folder / ORDER, order)
    _write_settings(folder, settings)


def _prepare_base(inputs: Inputs) -> Path:
    """Prepare the evaluation of the model as it is: what every arm starts from and is compared with."""
    folder = inputs.folder / "arms" / BASE
    config: EvaluateConfig | None = inputs.recipe.evaluate
    key = content_id(inputs.key, config.model_dump(mode="json") if config else None)
    settings = read_settings(folder)
    if settings is None or settings.key != key:
        _clear(folder, BASE)
        _write_settings(folder, ArmSettings(name=BASE, key=key, seed=inputs.recipe.seed, **_shared(inputs)))
    return folder


def _shared(inputs: Inputs) -> dict[str, Any]:
    return {
        "model_folder": inputs.model_folder,
        "samples": inputs.folder / SAMPLES,
        "evaluate": inputs.recipe.evaluate,
        "benchmark": inputs.benchmark,
        "direction": (inputs.recipe.source_language, inputs.recipe.target_language),
    }


def _clear(folder: Path, name: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    RunFolder(folder, name)


def _write_settings(folder: Path, settings: ArmSettings) -> None:
    write_json(folder / SETTINGS, settings.model_dump(mode="json"))


def _arm_key(inputs: Inputs, arm: Arm) -> str:
    settings = [train_config(inputs.recipe, arm).model_dump(mode="json")]
    settings += [inputs.recipe.evaluate.model_dump(mode="json")] if inputs.recipe.evaluate is not None else []
    return content_id(inputs.key, arm.name, sorted(arm.ratio.items()), arm.seed, settings)


def tokens_by_language(order: TrainingOrder, samples: Sequence[Sample]) -> dict[str, int]:
    """Return how many tokens of each language an order holds."""
    codes = sorted({sample.language for sample in samples})
    of_sample = np.array([codes.index(sample.language) for sample in samples], dtype=np.int64)
    counts = np.bincount(of_sample[order.samples], weights=order.num_tokens, minlength=len(codes))
    return {code: int(number) for code, number in zip(codes, counts, strict=True)}
