from decimal import Decimal

import pytest

from qantara.fidelity.number_words import word_values, words_of_kind


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("three tablets", "en", "3"),
        ("twice", "en", "2"),
        ("twenty-five", "en", "25"),
        ("two thousand", "en", "2000"),
        ("ثلاثةُ أقراص", "ar", "3"),
        ("قرصين", "ar", "2"),
        ("بجرعتين", "ar", "2"),
        ("خمسة وعشرون", "ar", "25"),
        ("ثلاثة عشر", "ar", "13"),
        ("مئة وخمسون", "ar", "150"),
        ("الثالثة", "ar", "3"),
        ("ألفان", "ar", "2000"),
        ("ثلاثة آلاف", "ar", "3000"),
    ],
)
def test_a_number_word_has_its_value(text: str, language: str, value: str) -> None:
    assert word_values(text, language)[Decimal(value)] >= 1


@pytest.mark.parametrize("text", ["الإنسولين", "بنسلين", "هيبارين", "إنسان", "سرطان"])
def test_words_that_only_end_like_a_dual_are_no_numbers(text: str) -> None:
    assert not word_values(text, "ar")


def test_a_language_without_lexicon_has_no_words() -> None:
    assert not words_of_kind("xx", "")
    assert not word_values("drei", "xx")
