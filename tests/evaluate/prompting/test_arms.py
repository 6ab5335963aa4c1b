import pytest

from qantara.errors import RecipeError
from qantara.evaluate.prompting.arms import chosen_arms, known_arms

PAIR = ("en", "ar")


@pytest.mark.parametrize(
    ("name", "items", "language", "prompt_language", "label_set", "back"),
    [
        ("en", "source", "en", "en", "native", False),
        ("ar", "target", "ar", "ar", "native", False),
        ("ar-latin", "target", "ar", "ar", "latin", False),
        ("ar-digits", "target", "ar", "ar", "digits", False),
        ("ar-en", "target", "ar", "en", "latin", False),
        ("translated", "translated", "en", "en", "native", False),
        ("translated-back", "translated", "en", "en", "native", True),
        ("round-trip", "round-trip", "en", "en", "native", False),
    ],
)
def test_an_arm_is_what_its_name_says(name, items, language, prompt_language, label_set, back):
    arm = known_arms(PAIR)[name]
    assert (arm.name, arm.items, arm.language, arm.prompt_language) == (name, items, language, prompt_language)
    assert (arm.label_set, arm.back) == (label_set, back)
    assert arm.is_translated == (items in ("translated", "round-trip"))
    assert arm.meaning


def test_names_hold_the_codes_of_the_direction():
    assert list(known_arms(("fr", "en"))) == [
        *("fr", "en", "en-latin", "en-digits", "en-fr", "translated", "translated-back", "round-trip")
    ]


def test_arms_come_in_the_order_asked_for_each_once():
    assert [arm.name for arm in chosen_arms(["ar-en", "en", "ar-en", "ar"], PAIR)] == ["ar-en", "en", "ar"]


def test_an_unknown_arm_is_an_error_that_lists_the_known_ones():
    with pytest.raises(
        RecipeError, match=r"no such arm: de, ar-fr; for en and ar there are: en, ar, ar-latin, .*round-trip"
    ):
        chosen_arms(["en", "de", "ar-fr"], PAIR)
