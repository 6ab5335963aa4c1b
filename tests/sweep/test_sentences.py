from dataclasses import replace

import pytest

from qantara.sweep.findings import findings
from qantara.sweep.sentences import sentences, share_text, signed


def told(facts):
    return " ".join(sentences(findings(facts)))


def test_differences_are_told_with_size_interval_and_how_they_were_tested(results):
    lines = results()["sentences"]
    assert lines[0].startswith(
        "12 differences between neighbouring and extreme shares of Arabic were tested, paired over 3 seeds"
    )
    assert any(line.startswith("Arabic validation loss gets better from 0% to 100% Arabic: −0.") for line in lines)
    assert not any(line.startswith("English validation loss gets better") for line in lines)


def test_a_loss_that_rises_and_an_accuracy_that_falls_are_worse(facts):
    made = facts(seeds=tuple(range(12)))
    text = told(made)
    assert "English accuracy gets worse from 0% to 100% Arabic: −1" in text
    assert "Arabic accuracy gets better from 0% to 100% Arabic: +" in text


def test_where_nothing_is_larger_than_noise_it_says_none(facts):
    made = facts()
    flat = [
        replace(arm, losses={"en": 1.0 + i % 5, "ar": 2.0 + i % 4}, accuracies={}) for i, arm in enumerate(made.arms)
    ]
    assert "none is larger than noise" in told(replace(made, arms=flat))


def test_with_one_seed_it_says_that_nothing_can_be_told(facts):
    text = told(facts(seeds=(0,)))
    assert "one seed: there are no intervals" in text
    assert "larger than noise" not in text


def test_forgetting_is_told_where_the_interval_leaves_nought_out(facts):
    text = told(facts())
    assert "Against the base model, English accuracy changed by" in text
    assert "It is worse by more than its interval at 50% and 100% Arabic: forgetting." in text


def test_a_model_that_forgot_nothing_is_not_said_to(facts):
    made = facts()
    better = replace(made, base=replace(made.base, losses={"en": 3.0, "ar": 3.0}, accuracies={"en": 0.1, "ar": 0.1}))
    assert "forgetting" not in told(better)
    assert told(better).count("at no share of Arabic is it worse by more than its interval") == 2


def test_differences_without_spread_are_counted_as_not_tested(facts):
    made = facts()
    equal = [replace(arm, accuracies={"en": 0.5, "ar": 0.25 + arm.share / 4}) for arm in made.arms]
    assert "(6 more did not differ between seeds and could not be)" in told(replace(made, arms=equal))


def test_failed_and_diverged_arms_are_named(facts):
    made = facts()
    broken = replace(made.arms[0], losses={"ar": None, "en": 1.5})
    text = told(replace(made, arms=[broken, *made.arms[1:]], failed=["arm-x"]))
    assert "1 arm failed and is left out: arm-x." in text
    assert f"Training diverged in {broken.name}" in text


def test_a_sweep_without_any_arm_says_so(facts):
    made = facts()
    assert "No arm has come to its end" in told(replace(made, arms=[], failed=["a", "b"]))


def test_items_have_a_noise_of_their_own(results):
    assert "on 500 items a language" in results()["sentences"][-1]
    assert "±4.4 points" in results()["sentences"][-1]  # Wilson, 250 of 500


def test_several_learning_rates_are_named(results):
    assert "(learning rate 0.0001)" in " ".join(results(rates=(1e-4, 1e-3), seeds=tuple(range(8)))["sentences"])


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("accuracy", -0.0512, "−5.1 points"),
        ("loss", 0.25, "+0.250"),
        ("loss", -0.0001, "0.000"),
        ("loss", None, "not known"),
    ],
)
def test_differences_carry_sign_and_unit(kind, value, text):
    assert signed({"kind": kind}, value) == text


def test_a_share_has_a_decimal_where_it_needs_one():
    assert [share_text(share) for share in (0, 1 / 3, 0.5, 1)] == ["0%", "33.3%", "50%", "100%"]
