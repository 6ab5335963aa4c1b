import pytest

from qantara.translator import policy, prompt_files
from qantara.translator.config import TranslatorConfig
from qantara.translator.policy import policy_id

MODEL = {"backend": "endpoint", "url": "http://localhost:1/v1", "model": "m"}
DIRECTION = ("en", "ar")


def other(name):
    return MODEL | {"model": name}


def config(**settings):
    return TranslatorConfig.model_validate({"model": MODEL, "judge": other("j")} | settings)


@pytest.mark.parametrize(
    "change",
    [
        {"judge": other("k")},
        {"judge": None},
        {"second_judge": other("k")},
        {"gray_band": [50, 90]},
        {"meaning": False},
        {"glossary": "terms.tsv"},
    ],
)
def test_what_changes_a_score_is_another_policy(change):
    assert policy_id(config(**change), DIRECTION) != policy_id(config(), DIRECTION)


@pytest.mark.parametrize(
    "change",
    [
        {"model": other("n")},
        {"max_rounds": 5},
        {"resamples": 0},
        {"judge": other("j") | {"url": "http://other/v1", "concurrency": 3}},
    ],
)
def test_what_changes_no_score_is_the_same_policy(change):
    assert policy_id(config(**change), DIRECTION) == policy_id(config(), DIRECTION)


def test_direction_rules_penalties_and_prompts_are_part_of_it(monkeypatch, tmp_path):
    seen = {policy_id(config(), DIRECTION), policy_id(config(), ("ar", "en"))}
    with monkeypatch.context() as patch:
        patch.setattr(policy, "RULES", policy.RULES[1:])
        seen.add(policy_id(config(), DIRECTION))
    with monkeypatch.context() as patch:
        patch.setattr(policy, "PENALTIES", policy.PENALTIES | {"warn": 21})
        seen.add(policy_id(config(), DIRECTION))
    (tmp_path / "judge.txt").write_text("another prompt", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(prompt_files, "FOLDER", tmp_path)
        seen.add(policy_id(config(), DIRECTION))
    assert len(seen) == 5
