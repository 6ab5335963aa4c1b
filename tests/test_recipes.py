"""Every shipped recipe loads, and what it points to in the project is there."""

from pathlib import Path

import pytest

from qantara.recipe import load
from qantara.run_recipe import Recipe
from qantara.sweep.config import SweepRecipe, arms_of
from qantara.synthesis import SynthesisRecipe
from qantara.train.planning import plan_lines, plan_training

FOLDER = Path(__file__).parents[1] / "recipes"
SYNTHESIS = FOLDER / "synthesize.yaml"
SWEEPS = sorted(FOLDER.glob("ratio-sweep*.yaml"))
RECIPES = sorted(path for path in FOLDER.glob("*.yaml") if path not in (SYNTHESIS, *SWEEPS))
PLANNED = ("bimedix", "llama31-8b-mix", "qwen3-30b-a3b", "demo")


def test_there_are_recipes():
    assert {path.stem for path in RECIPES} >= {"demo", "medquad"}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_shipped_recipe_loads_and_has_the_files_name(path):
    recipe = load(path, Recipe)
    assert recipe.name == path.stem
    for backend in (recipe.translate.model, recipe.translate.judge) if recipe.translate else ():
        if backend is not None and backend.backend == "recorded":
            assert (path.parent / backend.file).is_file()
    if recipe.review.decisions:
        assert (path.parent / recipe.review.decisions).is_file()


def test_the_synthesis_recipe_loads_and_its_recording_is_there():
    recipe = load(SYNTHESIS, SynthesisRecipe)
    assert recipe.name == SYNTHESIS.stem
    assert (FOLDER / recipe.synthesize.model.file).is_file()


def test_the_demo_mixes_arabic_to_english_one_to_two_and_trains_all_three_groups():
    recipe = load(RECIPES[0].parent / "demo.yaml", Recipe)
    assert recipe.mix.ratio == {"ar": 1, "en": 2}
    adapter = recipe.train.adapter
    assert adapter.attention
    assert adapter.experts
    assert adapter.router
    assert (recipe.train.upcycle.experts, recipe.train.upcycle.top_k) == (4, 2)


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_a_shipped_sweep_loads_and_has_the_files_name(path):
    assert load(path, SweepRecipe).name == path.stem


def test_the_ratio_sweep_is_that_of_the_paper():
    arms = arms_of(load(FOLDER / "ratio-sweep.yaml", SweepRecipe))
    assert {arm.share for arm in arms} == {0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0}
    assert len(arms) == 21


@pytest.mark.parametrize("name", PLANNED)
def test_a_recipe_is_planned_without_its_model(name, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    recipe = load(FOLDER / f"{name}.yaml", Recipe)
    plan = plan_training(recipe.train, recipe.mix.budget_tokens, "h100")
    assert any("fits" in line for line in plan_lines(plan))
