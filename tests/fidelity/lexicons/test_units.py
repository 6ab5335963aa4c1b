from decimal import Decimal

import pytest

from qantara.fidelity.lexicon import header, rows
from qantara.languages import fold

LANGUAGES = ("en", "ar", "fr")
FAMILIES = {"dose", "length", "time", "count", "per"}
VALUES = {row["unit"]: row for row in rows("unit_values")}
UNITS = {row["unit"]: row["family"] for row in rows("units")}


def units_of(spelling: str, language: str) -> set[str]:
    entries = (*rows("units"), *rows("unit_signs"))
    return {row["unit"] for row in entries if row["spelling"] == fold(spelling) and row["language"] == language}


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("units", ["unit", "family", "language", "spelling"]),
        ("unit_signs", ["unit", "language", "spelling", "why"]),
        ("unit_values", ["unit", "dimension", "factor", "offset"]),
    ],
)
def test_a_unit_lexicon_has_its_columns_its_origin_and_no_empty_cell(name: str, columns: list[str]) -> None:
    assert any(line.startswith("Origin:") for line in header(name))
    assert any(line.startswith("Licence:") for line in header(name))
    assert rows(name)
    for row in rows(name):
        assert list(row) == columns
        assert all(row.values()), row


def test_there_are_sixty_units_each_of_one_known_family_spelled_in_every_language() -> None:
    assert len(UNITS) >= 60
    for unit, family in UNITS.items():
        assert family in FAMILIES
        ours = [row for row in rows("units") if row["unit"] == unit]
        assert {row["family"] for row in ours} == {family}
        assert {row["language"] for row in ours} == set(LANGUAGES), unit


def test_no_spelling_of_a_language_stands_for_two_units_or_stands_twice() -> None:
    spellings = [(row["language"], row["spelling"]) for row in (*rows("units"), *rows("unit_signs"))]
    assert len(spellings) == len(set(spellings))


def test_letters_that_stand_alone_are_units_only_as_signs() -> None:
    assert not [row for row in rows("units") if len(row["spelling"]) == 1 and row["spelling"].isalpha()]
    for row in rows("unit_signs"):
        assert len(row["spelling"]) == 1
        assert row["unit"] in UNITS


@pytest.mark.parametrize("letter", ["م", "س", "د", "ي", "أ"])
def test_arabic_letters_with_other_readings_are_no_units(letter: str) -> None:
    assert not units_of(letter, "ar")


@pytest.mark.parametrize(
    ("spelling", "language", "unit"),
    [
        ("ملغ", "ar", "mg"),
        ("مجم", "ar", "mg"),
        ("مل", "ar", "mL"),
        ("ملم", "ar", "mm"),
        ("ملم زئبقي", "ar", "mmHg"),
        ("ميكروغرامًا", "ar", "mcg"),
        ("و.د", "ar", "IU"),
        ("ملي مكافئ", "ar", "mEq"),
        ("٪", "ar", "%"),
        ("نقاط مئوية", "ar", "pp"),
        ("درجة مئوية", "ar", "°C"),
        ("cm³", "en", "mL"),
        ("cm²", "en", "cm2"),
        ("beats per minute", "en", "bpm"),
        ("gtt", "en", "drop"),
        ("µg", "fr", "mcg"),
        ("UI", "fr", "IU"),
        ("j", "fr", "d"),
        ("c. à s.", "fr", "tbsp"),
    ],
)
def test_a_spelling_means_its_unit(spelling: str, language: str, unit: str) -> None:
    assert units_of(spelling, language) == {unit}


@pytest.mark.parametrize(("spelling", "language"), [("gr", "en"), ("in", "en"), ("amp", "en"), ("x", "en")])
def test_spellings_with_a_more_common_reading_are_left_out(spelling: str, language: str) -> None:
    assert not units_of(spelling, language)


def test_every_unit_has_a_value_and_every_value_a_unit() -> None:
    assert len(VALUES) == len(rows("unit_values"))
    assert set(VALUES) == set(UNITS) - {"per"}
    for row in VALUES.values():
        assert row["dimension"] == "calendar" or Decimal(row["factor"]) > 0
        assert (row["factor"] == "-") == (row["offset"] == "-") == (row["dimension"] == "calendar")


def in_base(amount: str, unit: str) -> tuple[str, Decimal]:
    row = VALUES[unit]
    return row["dimension"], Decimal(amount) * Decimal(row["factor"]) + Decimal(row["offset"])


@pytest.mark.parametrize(
    ("amount", "unit", "other_amount", "other_unit"),
    [
        ("1", "g", "1000", "mg"),
        ("0.5", "mg", "500", "mcg"),
        ("1", "L", "1000", "mL"),
        ("1", "dL", "100", "mL"),
        ("1", "tsp", "5", "mL"),
        ("98.6", "°F", "37", "°C"),
        ("-40", "°F", "-40", "°C"),
        ("2", "d", "48", "h"),
        ("2", "wk", "14", "d"),
        ("1", "inch", "2.54", "cm"),
        ("1", "lb", "16", "oz"),
        ("1", "mCi", "37", "MBq"),
        ("1", "kcal", "4.184", "kJ"),
        ("1", "%", "10", "permille"),
        ("1", "m2", "10000", "cm2"),
        ("1", "Gy", "100", "cGy"),
    ],
)
def test_conversions_are_exact(amount: str, unit: str, other_amount: str, other_unit: str) -> None:
    assert in_base(amount, unit) == in_base(other_amount, other_unit)


@pytest.mark.parametrize(
    ("unit", "other"), [("U", "IU"), ("Gy", "Sv"), ("%", "pp"), ("mmol", "mEq"), ("tablet", "dose")]
)
def test_units_that_only_look_alike_are_no_conversions(unit: str, other: str) -> None:
    assert VALUES[unit]["dimension"] != VALUES[other]["dimension"]
