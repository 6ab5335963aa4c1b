import pytest

from qantara.recipe import load
from qantara.store import write_json
from qantara.sweep.arm import RESULT
from qantara.sweep.config import SweepRecipe
from qantara.sweep.results import read_facts


@pytest.fixture
def recipe(sweep_recipe):
    return load(sweep_recipe(), SweepRecipe)


def result(folder, first, last, right=None, key="k"):
    losses = {"ar": {"first": first, "last": last}}
    ways = {"text/token": {"ar": {"right": right, "items": 10}}, "letter/sum": {"ar": {"right": 0, "items": 10}}}
    accuracy = ways if right is not None else {}
    write_json(folder / RESULT, {"key": key, "validation_loss": losses, "accuracy": accuracy, "seconds": 1.0})


def test_arms_are_told_by_their_last_losses_and_the_base_by_the_first(recipe, idle_arm):
    folder = idle_arm("a", share=0.25, learning_rate=0.01, seed=3, tokens={"ar": 5})
    result(folder, 4.0, 2.0)
    facts = read_facts(recipe, [folder])
    (arm,) = facts.arms
    assert (arm.share, arm.seed, arm.learning_rate, arm.tokens) == (0.25, 3, 0.01, {"ar": 5})
    assert arm.losses == {"ar": 2.0}
    assert facts.base.losses == {"ar": 4.0}
    assert facts.scoring == ""


def test_answers_are_scored_as_the_report_tells_them(recipe, idle_arm):
    base, arm = idle_arm("base"), idle_arm("a", share=0.5, learning_rate=0.01)
    result(base, 0, 0, right=3)
    result(arm, 4.0, 2.0, right=7)
    facts = read_facts(recipe.model_copy(update={"report": type(recipe.report)(headline_scoring="text")}), [base, arm])
    assert (facts.scoring, facts.arms[0].accuracies, facts.base.accuracies) == ("text/token", {"ar": 0.7}, {"ar": 0.3})
    assert facts.base.items == {"ar": 10}
    assert read_facts(recipe, [base, arm]).scoring == "letter/sum"


def test_an_arm_without_a_result_of_its_settings_has_failed(recipe, idle_arm):
    done, stale, none = (idle_arm(name, share=0.5, learning_rate=0.01) for name in "abc")
    result(done, 4.0, 2.0)
    result(stale, 4.0, 2.0, key="older")
    facts = read_facts(recipe, [done, stale, none])
    assert [arm.name for arm in facts.arms] == ["a"]
    assert facts.failed == ["b", "c"]
