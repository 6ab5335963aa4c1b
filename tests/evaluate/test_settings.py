import re

import pytest
from pydantic import ValidationError

from qantara.errors import RecipeError
from qantara.evaluate.settings import EvaluationConfig

TEXT_WAYS = [("text", name) for name in ("sum", "token", "byte", "character")]


@pytest.mark.parametrize(
    ("settings", "ways"),
    [
        ({}, [("letter", "sum")]),
        ({"scoring": ("letter",), "permutations": True}, [("letter", "sum"), ("letter", "permuted")]),
        ({"scoring": ("text", "letter", "text")}, [*TEXT_WAYS, ("letter", "sum")]),
        ({"scoring": ("text",), "pmi": True, "options_shown": False}, [*TEXT_WAYS, ("text", "pmi")]),
        ({"scoring": ("generate",)}, [("generate", "")]),
    ],
)
def test_the_first_way_of_scoring_asked_for_is_the_primary_one(settings, ways):
    config = EvaluationConfig(**settings)
    assert config.ways == ways
    assert config.primary_way == ways[0]


@pytest.mark.parametrize(
    ("primary", "way"),
    [("text:byte", ("text", "byte")), ("generate", ("generate", "")), ("letter:sum", ("letter", "sum"))],
)
def test_a_primary_way_can_be_named(primary, way):
    assert EvaluationConfig(scoring=("letter", "text", "generate"), primary=primary).primary_way == way


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"direction": ("ar", "ar"), "arms": ("ar",)}, "same language"),
        ({"scoring": ("text",), "permutations": True}, "permutations are of letters"),
        ({"pmi": True}, "pmi is of option texts"),
        ({"options_shown": False}, "letters mean nothing"),
        ({"arms": ("translated-back",)}, "add generate to scoring"),
        ({"primary": "text:sum"}, "'text:sum' is not scored; there are: letter:sum"),
        ({"scoring": ("generate",), "primary": "letter:sum"}, "there are: generate$"),
        ({"scoring": ()}, "at least 1"),
        ({"shots": -1}, "greater than or equal to 0"),
        ({"equivalence_margin": 0}, "greater than 0"),
        ({"temperature": 1}, "Extra inputs"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(settings, said):
    with pytest.raises(ValidationError) as error:
        EvaluationConfig(**settings)
    (fault,) = error.value.errors()
    assert re.search(said, fault["msg"])


def test_an_unknown_arm_is_the_user_s_to_mend():
    with pytest.raises(RecipeError, match="no such arm: ar-klingon"):
        EvaluationConfig(arms=("en", "ar-klingon"))


def test_an_arm_is_asked_in_its_own_words_and_the_run_s_form():
    config = EvaluationConfig(
        arms=("en", "ar-en"), scoring=("text",), shots=3, chat=True, delimiter="\n", options_shown=False
    )
    spec = config.spec(config.chosen()[1])
    assert (spec.prompt_language, spec.label_set) == ("en", "latin")
    assert (spec.shots, spec.chat, spec.delimiter, spec.options_shown) == (3, True, "\n", False)


def test_what_numbers_mean_does_not_depend_on_the_batch_size():
    one, other = EvaluationConfig(batch_size=1), EvaluationConfig(batch_size=9)
    assert one.meaning() == other.meaning()
    assert one.meaning() != EvaluationConfig(shots=1).meaning()
    assert set(EvaluationConfig.model_fields) - set(one.meaning()) == {"batch_size"}
