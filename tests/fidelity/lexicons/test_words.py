"""The small lexicons of words: function words, transliteration, leaks, words for mutations, Arabic prefixes."""

import pytest

from qantara.fidelity.lexicon import header, rows
from qantara.languages import LANGUAGES, fold, script_of

COLUMNS = {
    "function_words": ["language", "open", "spelling"],
    "transliteration": ["script", "class", "spelling"],
    "leaks": ["kind", "place", "language", "spelling"],
    "mutation_words": ["use", "language", "plain", "changed"],
    "ar_clitics": ["kind", "spelling"],
}
VALUES = [
    ("function_words", "language", {"en", "ar", "fr"}),
    ("function_words", "open", {"yes", "no"}),
    ("transliteration", "script", {"LATIN", "ARABIC"}),
    ("transliteration", "class", {*"bftdkjslmnrh-", "ks"}),
    ("leaks", "kind", {"preamble", "refusal", "answer", "tag"}),
    ("leaks", "place", {"start", "anywhere"}),
    ("mutation_words", "use", {"both", "dropped", "added", "companion", "only", "joins", "between"}),
    ("mutation_words", "language", {"en", "ar", "fr"}),
    ("ar_clitics", "kind", {"conjunction", "article", "other"}),
]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_lexicon_has_its_columns_its_origin_and_no_row_twice_or_cell_empty(name):
    assert {"Origin", "Licence"} <= {line.partition(":")[0] for line in header(name)}
    assert all(list(row) == COLUMNS[name] and all(row.values()) for row in rows(name))
    assert len({tuple(row.values()) for row in rows(name)}) == len(rows(name))


@pytest.mark.parametrize(("name", "column", "values"), VALUES)
def test_values_are_of_a_closed_list(name, column, values):
    assert {row[column] for row in rows(name)} <= values


def test_letters_are_of_their_script():
    for row in rows("transliteration"):
        assert {script_of(letter) for letter in row["spelling"]} == {row["script"]}, row
    for row in rows("function_words"):
        letters = {script_of(letter) for letter in row["spelling"] if letter.isalpha()}
        assert letters == {LANGUAGES[row["language"]].script}, row


def test_every_letter_of_arabic_and_of_latin_has_a_sound_class():
    ours = {row["spelling"] for row in rows("transliteration")}
    arabic = fold("ابتثجحخدذرزسشصضطظعغفقكلمنهوي")
    assert set("abcdefghijklmnopqrstuvwxyz") - ours <= set("aeiouyw")
    assert set(arabic) - ours <= set(fold("اويءع"))


def test_the_article_begins_with_a_conjunction_or_preposition_or_nothing():
    article = fold("ال")
    for row in rows("ar_clitics"):
        assert (row["kind"] == "article") == (row["spelling"].endswith((article, fold("لل")))), row
