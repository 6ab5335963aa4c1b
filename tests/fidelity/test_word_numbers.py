from decimal import Decimal

import pytest

from qantara.fidelity.reading import read
from qantara.fidelity.word_numbers import word_numbers


def numbers(text, language):
    reading = read(text, language)
    return word_numbers(reading.hits, reading.text, language)


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("three tablets", "en", "3"),
        ("twice", "en", "2"),
        ("twenty-five", "en", "25"),
        ("two thousand", "en", "2000"),
        ("one hundred and five", "en", "105"),
        ("ثلاثةُ أقراص", "ar", "3"),
        ("قرصين", "ar", "2"),
        ("بجرعتين", "ar", "2"),
        ("خمسة وعشرون", "ar", "25"),
        ("ثلاثة عشر", "ar", "13"),
        ("مئة وخمسون", "ar", "150"),
        ("الثالثة", "ar", "3"),
        ("ألفان", "ar", "2000"),
        ("ثلاثة آلاف", "ar", "3000"),
        ("vingt-cinq", "fr", "25"),
        ("quatre-vingt-dix-neuf", "fr", "99"),
    ],
)
def test_a_number_word_has_its_value(text, language, value):
    (number,) = numbers(text, language)
    assert number.value == Decimal(value)
    assert number.value in number.candidates


@pytest.mark.parametrize("text", ["الإنسولين", "بنسلين", "هيبارين", "إنسان", "سرطان", "دوران", "ضعف"])
def test_words_that_only_end_like_a_dual_are_no_numbers(text):
    assert numbers(text, "ar") == []


def test_a_language_without_lexicon_has_no_words():
    assert numbers("drei", "xx") == []


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("two or three", "en", [2, 3]),
        ("three, four", "en", [3, 4]),
        ("five. Six", "en", [5, 6]),
        ("ثلاثة أو أربعة", "ar", [3, 4]),
    ],
)
def test_words_that_do_not_go_together_are_numbers_of_their_own(text, language, values):
    assert [number.value for number in numbers(text, language)] == values


@pytest.mark.parametrize(("text", "unit"), [("يومين", "d"), ("قرصين", "tablet"), ("مرتين", "times"), ("عينان", "")])
def test_a_dual_has_its_unit(text, unit):
    assert numbers(text, "ar")[0].unit == unit


def test_a_number_spans_its_words():
    reading = read("about twenty-five beds", "en")
    (number,) = numbers("about twenty-five beds", "en")
    assert reading.quote(number.start, number.end) == "twenty-five"


def test_a_noun_and_a_half_may_be_one_and_a_half():
    assert Decimal("1.5") in numbers("a tablet and a half", "en")[0].candidates
    assert Decimal("1.5") in numbers("قرص ونصف", "ar")[0].candidates
