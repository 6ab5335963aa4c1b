"""The drug lexicon as data: every drug has its spellings, and a spelling names one drug."""

import unicodedata
from importlib.resources import files

import pytest

from qantara.fidelity.lexicon import header, rows
from qantara.languages import INVISIBLE, fold, script_of

ROWS = rows("drugs")
DRUGS = {row["drug"] for row in ROWS}
RAW = [
    line.split("\t")
    for line in (files("qantara.fidelity") / "lexicons" / "drugs.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
][1:]
SCRIPTS = {"*": "LATIN", "fr": "LATIN", "ar": "ARABIC"}
LEFT_OUT = ["water", "oxygen", "alcohol", "ethanol", "iron", "zinc", "calcium", "potassium", "sodium", "glucose"]
LEFT_OUT += ["magnesium", "iodine", "caffeine", "nicotine", "histamine", "adenosine", "luminal"]


def drugs_of(spelling: str, language: str) -> set[str]:
    return {row["drug"] for row in ROWS if row["spelling"] == fold(spelling) and row["language"] in ("*", language)}


def test_there_are_enough_drugs_and_only_known_languages() -> None:
    assert len(DRUGS) >= 650
    assert {row["language"] for row in ROWS} == set(SCRIPTS)
    assert all(name in "\n".join(header("drugs")) for name in ("Origin:", "Licence:"))


@pytest.mark.parametrize("language", ["*", "ar"])
def test_every_drug_has_a_spelling(language: str) -> None:
    assert DRUGS - {row["drug"] for row in ROWS if row["language"] == language} == set()


def test_a_drug_that_is_no_combination_is_a_spelling_of_itself() -> None:
    own = {row["drug"] for row in ROWS if row["language"] == "*" and row["spelling"] == row["drug"]}
    assert {drug for drug in DRUGS - own if "/" not in drug} == set()


def test_a_combination_is_never_spelled_as_its_parts() -> None:
    assert [row for row in ROWS if "/" in row["spelling"]] == []


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_no_spelling_names_two_drugs(language: str) -> None:
    owner: dict[str, str] = {}
    for row in ROWS:
        if row["language"] in ("*", language):
            assert owner.setdefault(row["spelling"], row["drug"]) == row["drug"], row


def test_no_spelling_stands_twice_for_a_language() -> None:
    for language in ("ar", "fr"):
        spellings = [row["spelling"] for row in ROWS if row["language"] in ("*", language)]
        assert len(spellings) == len(set(spellings))


def test_no_arabic_name_is_another_with_a_prefix_but_for_those_that_whole_word_first_reads_right() -> None:
    owner = {row["spelling"]: row["drug"] for row in ROWS if row["language"] == "ar"}
    prefixes = [row["spelling"] for row in rows("ar_clitics")]
    clash = {owner[p + s] for s, drug in owner.items() for p in prefixes if owner.get(p + s, drug) != drug}
    assert clash == {"flurazepam", "fluvastatin", "valaciclovir", "valganciclovir"}


def test_letters_are_of_the_script_of_the_language() -> None:
    for _, language, spelling in RAW:
        scripts = {script_of(char) for char in spelling if char.isalpha()}
        assert scripts - {"GREEK"} == {SCRIPTS[language]}, spelling  # interferon α
        assert all(char.isalnum() or char in " -'" for char in spelling), spelling


def test_spellings_are_plain_text_without_invisible_or_compatibility_characters() -> None:
    for _, _, spelling in RAW:
        assert not INVISIBLE.search(spelling)
        assert unicodedata.normalize("NFKC", spelling) == spelling == " ".join(spelling.split())


def test_canonical_names_are_lower_case_latin_and_rows_are_sorted() -> None:
    assert all(drug == drug.casefold() and drug.isascii() for drug in DRUGS)
    assert sorted(RAW) == RAW


@pytest.mark.parametrize("word", LEFT_OUT)
def test_everyday_words_and_analytes_are_not_drugs(word: str) -> None:
    assert drugs_of(word, "fr") == set()


@pytest.mark.parametrize(
    ("spelling", "language", "drug"),
    [
        ("Acetaminophen", "en", "paracetamol"),
        ("albuterol", "en", "salbutamol"),
        ("glyburide", "en", "glibenclamide"),
        ("meperidine", "en", "pethidine"),
        ("lignocaine", "en", "lidocaine"),
        ("frusemide", "en", "furosemide"),
        ("rifampin", "en", "rifampicin"),
        ("adrenaline", "en", "epinephrine"),
        ("noradrenaline", "en", "norepinephrine"),
        ("acyclovir", "en", "aciclovir"),
        ("cyclosporine", "en", "ciclosporin"),
        ("thyroxine", "en", "levothyroxine"),
        ("co-trimoxazole", "en", "trimethoprim/sulfamethoxazole"),
        ("أدرينالين", "ar", "epinephrine"),
        ("إبينفرين", "ar", "epinephrine"),
        ("أسيتامينوفين", "ar", "paracetamol"),
        ("أموكسيسلين", "ar", "amoxicillin"),
        ("أوجمنتين", "ar", "amoxicillin/clavulanate"),
        ("أنسولين", "ar", "insulin"),
        ("paracétamol", "fr", "paracetamol"),
        ("héparine", "fr", "heparin"),
        ("adrénaline", "fr", "epinephrine"),
        ("insuline", "fr", "insulin"),
    ],
)
def test_a_name_leads_to_its_drug(spelling: str, language: str, drug: str) -> None:
    assert drugs_of(spelling, language) == {drug}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hydroxyzine", "hydralazine"),
        ("prednisone", "prednisolone"),
        ("vincristine", "vinblastine"),
        ("dopamine", "dobutamine"),
        ("clonidine", "clonazepam"),
        ("tramadol", "trazodone"),
        ("metformin", "metronidazole"),
    ],
)
def test_look_alikes_share_no_spelling(one: str, other: str) -> None:
    spellings = [{row["spelling"] for row in ROWS if row["drug"] == drug} for drug in (one, other)]
    assert all(spellings)
    assert spellings[0].isdisjoint(spellings[1])
