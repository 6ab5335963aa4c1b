import pytest
from pydantic import ValidationError

from qantara.translator.config import TranslatorConfig

MODEL = {"backend": "endpoint", "url": "http://localhost:1/v1", "model": "m"}


def other(name):
    return MODEL | {"model": name}


def config(**settings):
    return TranslatorConfig.model_validate({"model": MODEL} | settings)


def test_defaults_are_two_rounds_two_resamples_and_no_judge():
    made = config()
    assert (made.max_rounds, made.resamples, made.judge, made.style) == (2, 2, None, "fields")


@pytest.mark.parametrize(
    "change",
    [
        {"threshold": 85},  # it is the stage's, and needs a calibration
        {"max_rounds": -1},
        {"resamples": 11},
        {"style": "poetry"},
        {"model": {"backend": "magic"}},
        {"colour": 1},
        {"gray_band": [90, 40]},
        {"gray_band": [0, 101]},
    ],
)
def test_what_is_out_of_range_is_refused(change):
    with pytest.raises(ValidationError):
        config(**change)


@pytest.mark.parametrize(
    ("judges", "fault"),
    [
        ({"second_judge": other("k")}, "second_judge needs judge"),
        ({"judge": other("j"), "second_judge": other("j") | {"url": "http://b/v1"}}, "is the same model as judge"),
    ],
)
def test_a_second_vote_needs_a_first_one_by_another_model(judges, fault):
    with pytest.raises(ValidationError, match=fault):
        config(**judges)


@pytest.mark.parametrize(
    ("judges", "itself"),
    [
        ({}, False),
        ({"judge": other("j")}, False),
        ({"judge": MODEL | {"url": "http://elsewhere/v1"}}, True),
        ({"judge": other("j"), "second_judge": MODEL}, True),
    ],
)
def test_a_judge_that_is_the_translating_model_is_known(judges, itself):
    assert config(**judges).judges_itself is itself
    words = "no judge" if not judges else "the model that translates" if itself else ""
    assert words in config(**judges).warning
    assert bool(words) == bool(config(**judges).warning)
