import pytest

from qantara.errors import RecipeError
from qantara.recipe import load
from qantara.sweep.config import SweepRecipe, arm_name, arms_of, train_config


def test_arms_are_all_ratios_of_a_seed_before_the_next_by_rising_share(sweep_recipe):
    sweep = {"ratios": [{"ar": 1, "en": 1}, {"ar": 0, "en": 1}], "seeds": [4, 2], "learning_rates": [1e-3, 1e-2]}
    arms = arms_of(load(sweep_recipe(sweep), SweepRecipe))
    assert [(arm.seed, arm.learning_rate, arm.share) for arm in arms] == [
        (seed, rate, share) for seed in (4, 2) for rate in (1e-3, 1e-2) for share in (0.0, 0.5)
    ]
    assert arms[0].name == "en100-lr0.001-seed4"
    assert arms[3].name == "ar50-en50-lr0.01-seed4"


def test_a_name_does_not_depend_on_how_a_ratio_is_written():
    assert (
        arm_name({"en": 2, "ar": 1}, 0, 2e-4)
        == arm_name({"ar": 0.5, "en": 1.0}, 0, 2e-4)
        == "ar33.33-en66.67-lr0.0002-seed0"
    )


def test_the_mix_needs_no_ratio_of_its_own_and_one_that_is_there_has_no_say(sweep_recipe):
    path = sweep_recipe()
    without = arms_of(load(path, SweepRecipe))
    assert arms_of(load(path, SweepRecipe, ["mix.ratio={ar: 7, en: 1}"])) == without


def test_without_learning_rates_it_is_that_of_train(sweep_recipe):
    recipe = load(sweep_recipe(), SweepRecipe)
    assert {arm.learning_rate for arm in arms_of(recipe)} == {0.01}


def test_the_routers_learning_rate_goes_along(sweep_recipe):
    recipe = load(sweep_recipe({"learning_rates": [0.02]}), SweepRecipe, ["train.router_learning_rate=0.004"])
    config = train_config(recipe, arms_of(recipe)[0])
    assert (config.learning_rate, config.router_learning_rate) == (0.02, pytest.approx(0.008))


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("sweep.ratios=[{ar: 1, en: 1}, {ar: 2, en: 2}]", "a ratio is given twice"),
        ("sweep.ratios=[{ar: 0, en: 0}]", "at least one more than 0"),
        ("sweep.ratios=[{ar: .nan, en: 1}]", "a part of 0 or more"),
        ("sweep.ratios=[{ar: -1, en: 2}]", "a part of 0 or more"),
        ("sweep.ratios=[{fr: 1, en: 1}]", "a ratio names fr; the run is in ar and en"),
        ("sweep.ratios=[]", "sweep.ratios"),
        ("sweep.seeds=[1, 1]", "a seed is given twice"),
        ("sweep.seeds=[-1]", "seeds go from 0"),
        ("sweep.learning_rates=[0.001, 0.001]", "a learning rate is given twice"),
        ("sweep.learning_rates=[0.5]", "at most 0.1"),
        ("mix.budget_tokens=null", "a sweep needs mix.budget_tokens"),
        ("mix=null", "train needs mix"),
        ("sweep=null", "sweep"),
    ],
)
def test_what_can_not_be_compared_is_refused_before_anything_runs(sweep_recipe, override, fault):
    with pytest.raises(RecipeError, match=fault.replace("(", r"\(")):
        load(sweep_recipe(), SweepRecipe, [override])


def test_a_sweep_does_not_pretrain(sweep_recipe):
    pretrain = {"sources": [{"reader": "sample"}], "mix": {"ratio": {"ar": 1}}}
    with pytest.raises(RecipeError, match="a sweep doesn't pretrain"):
        load(sweep_recipe(pretrain=pretrain), SweepRecipe)
