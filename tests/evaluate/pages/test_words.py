import pytest

from qantara.evaluate.pages.words import arm_title, long_arm_title, way_code, way_name
from qantara.evaluate.prompting.arms import known_arms

ARMS = known_arms(("en", "ar"))


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("en", "English"),
        ("ar", "Arabic"),
        ("ar-latin", "ar-latin (Arabic with Latin labels)"),
        ("ar-en", "ar-en (Arabic question, English instructions)"),
    ],
)
def test_an_arm_is_explained_in_the_run_s_own_languages(name, title):
    assert long_arm_title(ARMS[name], ("en", "ar")) == title


def test_no_arm_speaks_of_source_or_target():
    titles = [long_arm_title(arm, ("en", "ar")) for arm in ARMS.values()]
    assert not [title for title in titles if "source" in title or "target" in title]


def test_an_arm_that_is_a_language_has_its_name():
    assert [arm_title(name) for name in ("ar", "ar-latin")] == ["Arabic", "ar-latin"]


def test_ways_of_scoring_are_named_in_words_and_in_short():
    assert way_name("letter", "permuted").endswith("mean over cyclic orders of the options")
    assert way_name("text", "token") == "the likelihood of the option's text, a token"
    assert way_name("generate", "") == "the reply that the model wrote"
    assert [way_code("letter", "sum"), way_code("generate", "")] == ["letter/sum", "generate"]
