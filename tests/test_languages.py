import pytest

from qantara.errors import QantaraError
from qantara.languages import LANGUAGES, fold, language, looks_like, script_of, script_shares, western_digits


def test_an_unknown_language_is_named_with_the_known_ones():
    with pytest.raises(QantaraError, match=r"xx.*ar, en"):
        language("xx")


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_option_letters_are_distinct_and_of_the_language(code):
    letters = language(code).option_letters
    assert len(set(letters)) == len(letters) >= 5
    assert all(script_of(letter[0]) == language(code).script for letter in letters)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("أدوية", "ادويه"),
        ("مُستشفى", "مستشفي"),
        ("٢٫٥ مل", "2.5 مل"),
        ("٥٬٠٠٠ وحدة", "5,000 وحدة"),
        ("Aspirin  75 MG", "aspirin 75 mg"),
        ("ـــدواءـ", "دواء"),
        ("10\u200f ملغ", "10 ملغ"),
        ("۵۰٪", "50%"),
    ],
)
def test_folding_makes_spellings_of_one_text_equal(first, second):
    assert fold(first) == fold(second)


@pytest.mark.parametrize(("first", "second"), [("9.3", "93"), ("1,5", "15"), ("5-10", "510"), ("< 5", "> 5")])
def test_folding_keeps_what_tells_doses_apart(first, second):
    assert fold(first) != fold(second)


def test_western_digits_keep_offsets():
    text = "خذ ٥ أقراص"
    assert western_digits(text) == "خذ 5 أقراص"
    assert len(western_digits(text)) == len(text)


def test_script_shares_count_letters_only():
    assert script_shares("aspirin 75") == {"LATIN": 1.0}
    assert script_shares("12 + 3") == {}
    assert script_shares("ab بت") == {"LATIN": 0.5, "ARABIC": 0.5}


def test_looks_like_accepts_text_without_letters():
    assert looks_like("5-10", "ar")
    assert looks_like("علاج السكري بـ metformin اليوم", "ar")
    assert not looks_like("take metformin", "ar")
