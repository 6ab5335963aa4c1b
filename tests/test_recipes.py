"""Every shipped recipe loads, and what it points to in the project is there."""

from pathlib import Path

import pytest

from qantara.pipeline import Recipe
from qantara.recipe import load
from qantara.synthesis import SynthesisRecipe

FOLDER = Path(__file__).parents[1] / "recipes"
SYNTHESIS = FOLDER / "synthesize.yaml"
RECIPES = sorted(path for path in FOLDER.glob("*.yaml") if path != SYNTHESIS)


def test_there_are_recipes():
    assert {path.stem for path in RECIPES} >= {"demo", "medquad"}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_shipped_recipe_loads_and_has_the_files_name(path):
    recipe = load(path, Recipe)
    assert recipe.name == path.stem
    for backend in (recipe.translate.model, recipe.translate.judge):
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
