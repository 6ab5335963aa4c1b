import io

import pytest
from rich.console import Console

from qantara.errors import RecipeError
from qantara.pipeline import Pipeline
from qantara.recipe import load
from qantara.records import Sample
from qantara.runner import RunFolder
from qantara.store import read_records
from qantara.sweep.arm import RESULT, read_settings
from qantara.sweep.config import SweepRecipe
from qantara.sweep.preparation import BASE, SAMPLES, gather_inputs, prepare
from qantara.training_order import FILE as ORDER
from qantara.training_order import read_order


@pytest.fixture
def prepared(sweep_recipe, tmp_path):
    """Return a function that prepares the arms of a recipe: `prepared(overrides, **changes)`; the run folder stays the same."""

    def make(overrides=(), **changes):
        path = sweep_recipe(**changes)
        recipe = load(path, SweepRecipe, overrides)
        pipeline = Pipeline(path, recipe, RunFolder(tmp_path / "run", recipe.name), Console(file=io.StringIO()))
        pipeline.run(until="curate")
        return prepare(pipeline, gather_inputs(pipeline, recipe))

    return make


def samples_of(folder):
    return list(read_records(folder.parents[1] / SAMPLES, Sample))


def test_every_arm_has_the_same_tokens_at_its_ratio_and_all_validate_on_the_same(prepared):
    folders = prepared()
    assert [folder.name for folder in folders] == ["ar25-en75-lr0.01-seed0", "ar50-en50-lr0.01-seed0"]
    samples = samples_of(folders[0])
    assert {s.language for s in samples if s.fold == "validation"} == {"ar", "en"}
    for folder, share in zip(folders, (0.25, 0.5), strict=True):
        order, settings = read_order(folder / ORDER), read_settings(folder)
        assert abs(int(order.num_tokens.sum()) - 1500) <= 1
        arabic = sum(piece.num_tokens for piece in order if samples[piece.sample].language == "ar")
        assert settings.tokens == {"ar": arabic, "en": int(order.num_tokens.sum()) - arabic}
        assert abs(arabic - 1500 * share) <= 1
        assert all(samples[piece.sample].fold == "train" for piece in order)


def test_seeds_draw_differently_and_share_the_validation_fold(prepared):
    first, second = prepared(sweep={"seeds": [0, 1], "ratios": [{"ar": 1, "en": 1}]})
    assert list(read_order(first / ORDER)) != list(read_order(second / ORDER))
    assert read_settings(first).samples == read_settings(second).samples
    assert (read_settings(first).seed, read_settings(second).seed) == (0, 1)


def test_an_arm_of_one_language_still_validates_in_both(prepared):
    (folder,) = prepared(sweep={"ratios": [{"ar": 0, "en": 1}]})
    assert read_settings(folder).tokens["ar"] == 0
    assert {s.language for s in samples_of(folder) if s.fold == "validation"} == {"ar", "en"}


def test_an_arm_that_can_not_draw_the_budget_is_named_before_anything_is_trained(prepared):
    ratios = [{"ar": 1, "en": 1}, {"ar": 1, "en": 0}]
    (folder, _) = prepared()
    arabic = sum(len(s.input_ids) for s in samples_of(folder) if s.fold == "train" and s.language == "ar")
    with pytest.raises(RecipeError, match=f"arm ar100-lr0.01-seed0 can draw {4 * arabic:,} tokens of") as caught:
        prepared([f"mix.budget_tokens={4 * arabic + 100}"], sweep={"ratios": ratios})  # max_epochs is 4
    assert "ar50-en50" not in str(caught.value)
    assert f"set mix.budget_tokens to {4 * arabic:,} or less" in str(caught.value)


def test_the_budget_that_a_refusal_names_is_one_that_every_arm_reaches(prepared):
    ratios = [{"ar": 1, "en": 1}, {"ar": 1, "en": 0}]
    with pytest.raises(RecipeError) as caught:
        prepared(["mix.budget_tokens=50000"], sweep={"ratios": ratios})
    named = str(caught.value).partition("set mix.budget_tokens to ")[2].partition(" ")[0].replace(",", "")
    assert len(prepared([f"mix.budget_tokens={named}"], sweep={"ratios": ratios})) == 2


def test_what_is_unchanged_stays_and_a_changed_setting_makes_its_arms_anew(prepared):
    for folder in prepared():
        (folder / RESULT).write_text("{}", encoding="utf-8")
    assert all((folder / RESULT).exists() for folder in prepared())
    more = prepared(sweep={"seeds": [0, 1]})
    assert [(folder / RESULT).exists() for folder in more] == [True, True, False, False]
    assert not any((folder / RESULT).exists() for folder in prepared(["train.warmup_steps=2"]))


def test_samples_are_rendered_once_for_all_budgets(prepared):
    (folder, _) = prepared()
    written = (folder.parents[1] / SAMPLES).stat().st_mtime_ns
    prepared(["mix.budget_tokens=1000"])
    assert (folder.parents[1] / SAMPLES).stat().st_mtime_ns == written


def test_with_a_benchmark_the_base_model_comes_first_and_trains_nothing(prepared):
    folders = prepared(evaluate={"batch_size": 4}, benchmark={"reader": "native", "path": "bench.jsonl"})
    assert folders[0].name == BASE
    settings = read_settings(folders[0])
    assert settings.train is None
    assert settings.benchmark.exists()
    assert read_settings(folders[1]).evaluate == settings.evaluate
