import re
from collections import Counter

import pytest

from qantara.fidelity.lexicon import header, rows
from qantara.languages import script_of

ROUTES = """oral intravenous intramuscular subcutaneous sublingual rectal intrathecal intradermal topical inhaled nasal
    ophthalmic otic vaginal transdermal epidural intraosseous intraperitoneal intra-articular intravitreal none"""
FREQUENCIES = """daily weekly monthly yearly hourly nightly alternate_days as_needed immediately before_meals after_meals
    with_meals bedtime 1/day 2/day 3/day 4/day 1/week 2/week 3/week 1/month none"""
CLOSED = {
    "negation": {"strong", "affix", "weak", "optional", "restrictive", "none"},
    "stem_operators": {"invert", "least", "most", "first", "next", "none"},
    "routes": set(ROUTES.split()),
    "frequencies": set(FREQUENCIES.split()),
    "modality": {"must", "should", "may", "never", "none"},
    "comparators": {"lt", "le", "gt", "ge", "about", "after:ge", "after:le", "after:about", "far:lt", "far:gt", "none"},
    "option_phrases": {"all_of_above", "none_of_above", "both_of"},
    "sexes": {"male", "female", "none"},
    "signs": {"negative"},
    "labels": {"type", "stage", "factor", "nerve"},
}
NOT_IN_EVERY_LANGUAGE = {"none", "affix", "optional", "restrictive", "far:lt", "far:gt"}
TWO_SENSES = {  # one spelling after folding; a cue of each sense is read
    ("antonyms", "ar"): {"حاد", "حاده"},
    ("negation", "ar"): {"=إلا", "سوي"},
}
NAMES = sorted([*CLOSED, "antonyms"])
SCRIPTS = {"en": "LATIN", "ar": "ARABIC", "fr": "LATIN"}
CLITICS = {"en": {"-"}, "fr": {"-"}, "ar": {"all", "and", "none"}}
WORD = re.compile(r"[^\W_]+\*?")
LEAST_FRENCH_PAIRS = 25


def antonym_sides(language: str) -> dict[str, set[str]]:
    sides: dict[str, set[str]] = {}
    for row in rows("antonyms"):
        if row["language"] == language and row["value"] != "none":
            pair, side = row["value"].split(":")
            sides.setdefault(pair, set()).add(side)
    return sides


@pytest.mark.parametrize("name", NAMES)
def test_a_cue_lexicon_says_what_it_is_and_has_the_columns(name: str) -> None:
    assert header(name)
    assert all(set(row) == {"value", "language", "clitics", "spelling"} for row in rows(name))
    assert {row["language"] for row in rows(name)} == set(SCRIPTS)
    assert all(row["clitics"] in CLITICS[row["language"]] for row in rows(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_spelling_stands_once_in_a_file_but_for_those_of_two_senses(name: str) -> None:
    for language in SCRIPTS:
        counts = Counter(row["spelling"] for row in rows(name) if row["language"] == language)
        assert {spelling for spelling, n in counts.items() if n > 1} == TWO_SENSES.get((name, language), set())
        senses = {(row["spelling"], row["value"]) for row in rows(name) if row["language"] == language}
        assert len(senses) == counts.total(), "a row stands twice"


@pytest.mark.parametrize("name", NAMES)
def test_a_spelling_is_words_of_its_script(name: str) -> None:
    for row in rows(name):
        assert all(WORD.fullmatch(word) for word in row["spelling"].removeprefix("=").split(" ")), row
        assert {script_of(letter) for letter in row["spelling"]} <= {SCRIPTS[row["language"]], ""}, row


@pytest.mark.parametrize("name", sorted(CLOSED))
def test_values_are_of_a_closed_list_and_each_is_there_in_every_language(name: str) -> None:
    assert {row["value"] for row in rows(name)} == CLOSED[name]
    for language in SCRIPTS:
        missing = CLOSED[name] - {row["value"] for row in rows(name) if row["language"] == language}
        assert missing <= NOT_IN_EVERY_LANGUAGE, (language, missing)


@pytest.mark.parametrize("language", sorted(SCRIPTS))
def test_an_antonym_pair_has_two_sides(language: str) -> None:
    assert all(len(sides) == 2 for sides in antonym_sides(language).values()), antonym_sides(language)


def test_every_antonym_pair_is_in_english_and_arabic_and_the_commonest_in_french() -> None:
    assert antonym_sides("en") == antonym_sides("ar")
    french = antonym_sides("fr")
    assert len(french) >= LEAST_FRENCH_PAIRS
    assert french.items() <= antonym_sides("en").items()
