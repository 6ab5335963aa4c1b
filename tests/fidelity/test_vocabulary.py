import pytest

from qantara.fidelity.vocabulary import (
    CUE_LEXICONS,
    DIGITS,
    TOKEN,
    Vocabulary,
    clitics,
    conjunctions,
    entry_of,
    vocabulary,
    words_of,
)
from qantara.languages import fold


def kinds(word, language):
    found = vocabulary(language)[fold(word)]
    return {entry.kind for entry in found.single} if found else set()


@pytest.mark.parametrize(
    ("word", "language", "kind"),
    [
        ("left", "en", "antonym"),
        ("اليسرى", "ar", "antonym"),
        ("والمورفين", "ar", "drug"),
        ("three", "en", "number:cardinal"),
        ("قرصين", "ar", "dual"),
        ("وبقرصين", "ar", "dual"),
        ("daily", "en", "frequency"),
    ],
)
def test_a_word_is_known_with_the_prefixes_of_its_language(word, language, kind):
    assert kind in kinds(word, language)


def test_a_word_of_no_lexicon_is_remembered_as_such():
    table = Vocabulary("en")
    assert table["zzzz"] is None
    assert "zzzz" in table


def test_digits_are_digits():
    assert vocabulary("ar")["25"] is DIGITS


def test_a_whole_name_comes_before_a_prefix_and_another_name():
    found = vocabulary("ar")[fold("فلورازيبام")]
    assert {entry.value for entry in found.single if entry.kind == "drug"} == {"flurazepam"}


def test_a_star_stands_for_any_continuation_but_gives_way_to_the_word_itself():
    table = Vocabulary("xx", [entry_of("under*", "a", "open", "all"), entry_of("understand", "a", "exact", "all")])
    assert [entry.value for entry in table["underline"].single] == ["open"]
    assert [entry.value for entry in table["understand"].single] == ["exact"]


def test_later_words_of_a_phrase_may_have_an_article():
    table = vocabulary("ar")
    assert table.matches(fold("اليوم"), fold("يوم"))
    assert table.matches(fold("اليومية"), fold("يوم") + "*")
    assert not table.matches(fold("ليوم"), fold("شهر"))
    assert table.begins(fold("وباليوم"), fold("يوم"))


def test_a_phrase_is_found_by_its_first_two_words():
    table = vocabulary("en")
    assert any(entry.value == "2/day" for entry in table["twice"].seconds["daily"])


@pytest.mark.parametrize(
    ("spelling", "words"),
    [("twice a day", ["twice", "a", "day"]), ("non-*", ["non"]), ("contra*", ["contra*"]), ("أ.ب", ["ا", "ب"])],
)
def test_a_spelling_is_cut_as_a_text_would_be(spelling, words):
    assert words_of(spelling) == words


def test_a_language_without_lexicons_knows_its_drugs_alone():
    assert kinds("metformin", "xx") == {"drug"}
    assert kinds("left", "xx") == set()
    assert clitics("xx") == conjunctions("xx") == ()


def test_prefixes_are_given_the_longest_first():
    lengths = [len(prefix) for prefix in clitics("ar")]
    assert lengths == sorted(lengths, reverse=True)
    assert set(conjunctions("ar")) == {"و", "ف"}


def test_each_kind_of_cue_comes_from_one_file():
    assert len(set(CUE_LEXICONS.values())) == len(CUE_LEXICONS)


def test_a_superscript_is_no_word_and_no_digit():
    assert TOKEN.findall("10⁹ mm³ 1½") == ["10", "mm", "1"]
