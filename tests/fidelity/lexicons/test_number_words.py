from decimal import Decimal

import pytest

from qantara.fidelity.lexicon import header, rows
from qantara.languages import fold

KINDS = {"cardinal", "ordinal", "fraction", "magnitude", "dual", "range", "decade", "roman"}
LANGUAGES = ("en", "ar", "fr")


def values_of(spelling: str, language: str, kind: str) -> set[Decimal]:
    found = (row for row in rows(f"{language}_number_words") if row["kind"] == kind)
    return {Decimal(row["value"]) for row in found if row["spelling"] == fold(spelling)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lexicon_of_number_words_has_its_columns_its_origin_and_no_row_twice(language: str) -> None:
    name = f"{language}_number_words"
    assert any(line.startswith("Origin:") for line in header(name))
    assert any(line.startswith("Licence:") for line in header(name))
    for row in rows(name):
        assert list(row) == ["value", "kind", "spelling"]
        assert row["kind"] in KINDS
        assert row["spelling"]
        assert (row["kind"] == "range") <= (row["value"] == "0")
    assert len({tuple(row.values()) for row in rows(name)}) == len(rows(name))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["cardinal", "fraction", "magnitude", "dual", "roman"])
def test_a_word_of_these_kinds_has_one_value(language: str, kind: str) -> None:
    two_values = {
        fold("ألفا"),
        fold("ثلثا"),
        fold("مليونا"),
        fold("مليارا"),
    }  # the dual before a noun, or the accusative of one
    for row in rows(f"{language}_number_words"):
        if row["kind"] == kind and row["spelling"] not in two_values:
            assert values_of(row["spelling"], language, kind) == {Decimal(row["value"])}, row


@pytest.mark.parametrize(
    ("spelling", "language", "kind", "value"),
    [
        ("اثنتي عشرة", "ar", "cardinal", "12"),
        ("ثلاثة عشر", "ar", "cardinal", "13"),
        ("ثلاث عشرة", "ar", "cardinal", "13"),
        ("تسعمائة", "ar", "cardinal", "900"),
        ("ألفين", "ar", "cardinal", "2000"),
        ("مليارين", "ar", "cardinal", "2000000000"),
        ("حادي عشر", "ar", "ordinal", "11"),
        ("ثانية عشرة", "ar", "ordinal", "12"),
        ("ثلاثة أرباع", "ar", "fraction", "0.75"),
        ("ثلثي", "ar", "fraction", "0.666666666667"),
        ("ضعفين", "ar", "dual", "2"),
        ("seventeenth", "en", "ordinal", "17"),
        ("three quarters", "en", "fraction", "0.75"),
        ("lakh", "en", "magnitude", "100000"),
        ("quatre-vingt-dix-neuf", "fr", "cardinal", "99"),
        ("soixante-et-onze", "fr", "cardinal", "71"),
        ("quatre-vingt-un", "fr", "cardinal", "81"),
        ("septante", "fr", "cardinal", "70"),
        ("nonante-neuf", "fr", "cardinal", "99"),
        ("neuvième", "fr", "ordinal", "9"),
        ("demie", "fr", "fraction", "0.5"),
        ("milliard", "fr", "magnitude", "1000000000"),
    ],
)
def test_a_spelling_has_its_value(spelling: str, language: str, kind: str, value: str) -> None:
    assert values_of(spelling, language, kind) == {Decimal(value)}


def test_french_spells_every_number_up_to_a_hundred() -> None:
    spelled = {int(row["value"]) for row in rows("fr_number_words") if row["kind"] == "cardinal"}
    assert set(range(100)) <= spelled


def test_arabic_spells_every_teen_in_both_genders_as_cardinal_and_ordinal() -> None:
    for value in range(11, 20):
        for kind in ("cardinal", "ordinal"):
            ours = [row for row in rows("ar_number_words") if row["kind"] == kind and row["value"] == str(value)]
            endings = {row["spelling"].split()[1] for row in ours if " " in row["spelling"]}
            assert endings == {fold("عشر"), fold("عشرة")}, (value, kind)


@pytest.mark.parametrize("word", ["الكلى", "كلي", "دوران", "بلدان", "ضعف", "يومي", "شهري", "إنسولين", "سرطان"])
def test_words_that_only_look_like_twos_are_left_out(word: str) -> None:
    assert not any(row["spelling"] == fold(word) for row in rows("ar_number_words"))


def test_every_arabic_dual_is_in_both_lists_and_its_unit_is_known() -> None:
    units = {row["unit"] for row in rows("units")}
    duals = [row["spelling"] for row in rows("ar_duals")]
    assert len(duals) == len(set(duals))
    assert set(duals) == {row["spelling"] for row in rows("ar_number_words") if row["kind"] == "dual"}
    for row in rows("ar_duals"):
        assert list(row) == ["unit", "spelling"]
        assert row["unit"] == "-" or row["unit"] in units, row


@pytest.mark.parametrize(
    ("spelling", "unit"),
    [
        ("يومين", "d"),
        ("قرصين", "tablet"),
        ("مرتين", "times"),
        ("ساعتان", "h"),
        ("جرعتي", "dose"),
        ("مليغرامان", "mg"),
        ("عينان", "-"),
    ],
)
def test_a_dual_implies_its_unit(spelling: str, unit: str) -> None:
    assert [row["unit"] for row in rows("ar_duals") if row["spelling"] == fold(spelling)] == [unit]
