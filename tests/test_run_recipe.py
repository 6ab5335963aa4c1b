"""What the parts of a recipe say together: faults between parts, and which stages a recipe has."""

from pathlib import Path

import pytest
import yaml

from qantara.errors import RecipeError
from qantara.recipe import load
from qantara.run_recipe import STAGES, Recipe, check_stage

TRANSLATE = {"model": {"backend": "recorded", "model": "m", "file": "calls.jsonl"}}
MIX = {"ratio": {"ar": 1, "en": 2}, "max_tokens": 64}
TRAIN = {"model": "path:here", "batch_tokens": 64, "micro_batch_tokens": 64, "max_tokens": 64}
SOURCE = {"reader": "sample"}
TEXTS = {"sources": [SOURCE], "mix": MIX, "schedule": {"learning_rate": 0.5e-1, "max_tokens": 128}}
WHOLE = {"sources": [SOURCE], "benchmark": SOURCE, "translate": TRANSLATE, "mix": MIX, "train": TRAIN, "evaluate": {}}


@pytest.fixture
def read(tmp_path):
    def with_settings(settings) -> Recipe:
        path = tmp_path / "r.yaml"
        path.write_text(yaml.safe_dump({"name": "r"} | settings), encoding="utf-8")
        return load(path, Recipe)

    return with_settings


def without(name):
    return {part: value for part, value in WHOLE.items() if part != name}


def test_a_recipe_with_everything_has_every_stage(read):
    assert read(WHOLE | {"pretrain": TEXTS}).stages() == STAGES


def test_data_in_both_languages_needs_no_translate_stage(read):
    stages = read(without("translate")).stages()
    assert stages == ("sources", "benchmark", "curate", "mix", "train", "evaluate", "report")


def test_pretraining_takes_the_model_of_train_and_its_own_schedule(read):
    recipe = read(WHOLE | {"pretrain": TEXTS})
    config = recipe.pretraining()
    assert (config.model, config.learning_rate, config.max_tokens) == ("path:here", 0.05, 128)
    assert config.adapter == recipe.train.adapter
    assert read(WHOLE).pretraining() is None


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (without("mix"), "train needs mix"),
        (without("train") | {"evaluate": None}, "mix needs train"),
        (without("benchmark"), "evaluate needs train .* and benchmark"),
        ({"sources": [SOURCE]}, "nothing to do"),
        (WHOLE | {"sources": []}, "at least one entry"),
        (WHOLE | {"sources": [SOURCE | {"language": "fr"}]}, "a source is in 'fr', the run is in en and ar"),
        (WHOLE | {"target_language": "xx"}, "language 'xx' is not known"),
        (WHOLE | {"target_language": "en"}, "are the same: en"),
        (WHOLE | {"mix": MIX | {"max_tokens": 65}}, r"mix.max_tokens \(65\) is more than train.max_tokens \(64\)"),
        (WHOLE | {"pretrain": TEXTS | {"mix": MIX | {"max_tokens": 999}}}, "pretrain.mix.max_tokens is more than"),
        (
            {"sources": [SOURCE], "translate": TRANSLATE, "pretrain": TEXTS},
            "pretrain needs train: the model, and how it is held",
        ),
    ],
)
def test_what_does_not_fit_together_is_said(read, settings, fault):
    with pytest.raises(RecipeError, match=fault):
        read(settings)


def test_a_stage_that_a_recipe_lacks_is_said_with_those_it_has(read):
    recipe = read(without("translate"))
    check_stage(recipe, Path("r.yaml"), "train")
    with pytest.raises(RecipeError, match="no stage 'translate'; this recipe has: sources, benchmark, curate, mix"):
        check_stage(recipe, Path("r.yaml"), "translate")
