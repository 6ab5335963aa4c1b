import pytest

from qantara.fidelity.transliteration import may_be_transliterated, nearest_drugs, skeleton, word_forms
from qantara.languages import fold


@pytest.mark.parametrize(
    ("latin", "arabic"),
    [("metformin", "ميتفورمين"), ("amoxicillin", "أموكسيسيلين"), ("phenytoin", "فينيتوين"), ("warfarin", "وارفارين")],
)
def test_a_name_has_the_same_skeleton_in_both_scripts(latin, arabic):
    assert skeleton(latin) == skeleton(fold(arabic)) != ""


def test_a_word_without_consonants_has_no_skeleton():
    assert skeleton("") == ""
    assert skeleton("aeiou") == ""


@pytest.mark.parametrize(
    ("word", "drug"),
    [("أزيثرومايسينن", "azithromycin"), ("بالميتفورميين", "metformin"), ("سيبروفلوكساسيننن", "ciprofloxacin")],
)
def test_an_odd_transliteration_is_nearest_to_its_drug(word, drug):
    assert drug in nearest_drugs(fold(word), "ar")


@pytest.mark.parametrize("word", ["حمى", "ماء", "في", ""])
def test_an_everyday_word_is_near_no_drug(word):
    assert nearest_drugs(fold(word), "ar") == frozenset()


def test_a_word_is_tried_with_and_without_its_prefixes():
    assert next(iter(word_forms(fold("والدواء"), "ar"))) == fold("والدواء")
    assert fold("دواء") in set(word_forms(fold("والدواء"), "ar"))
    assert list(word_forms("drug", "en")) == ["drug"]


def test_names_change_their_script_only_between_scripts():
    assert may_be_transliterated("en", "ar")
    assert not may_be_transliterated("en", "fr")
