from decimal import Decimal

import pytest

from qantara.fidelity.folding import fold_with_places
from qantara.fidelity.lexicon import rows
from qantara.fidelity.units import converted, has_unit, is_unit, unit_after, unit_before


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        (" mg daily", "en", "mg"),
        ("mg", "en", "mg"),
        ("-year-old", "en", "y"),
        (" µg", "en", "mcg"),
        (" mm Hg", "en", "mmHg"),
        (" mg/kg/day", "en", "mg/kg"),
        (" mg per day", "en", "mg"),
        ("/mcL", "en", "/mcL"),
        ("%", "en", "%"),
        (" magic", "en", ""),
        (" ملغ يوميا", "ar", "mg"),
        (" مل", "ar", "mL"),
        (" ملم", "ar", "mm"),
        (" ملم زئبق", "ar", "mmHg"),
        (" وحدة دولية", "ar", "IU"),
        (" ملغ/كغ/يوم", "ar", "mg/kg"),
        (" ملغ لكل كيلوغرام", "ar", "mg/kg"),
        (" مليون", "ar", ""),
    ],
)
def test_the_longest_spelling_right_after_a_number_is_its_unit(text: str, language: str, name: str) -> None:
    assert unit_after(fold_with_places(text).text, 0, language).name == name


def test_no_spelling_stands_for_two_units() -> None:
    units: dict[tuple[str, str], str] = {}
    for row in rows("units"):
        assert units.setdefault((row["language"], row["spelling"]), row["unit"]) == row["unit"], row


def test_words_are_looked_up_in_their_language() -> None:
    assert is_unit("mg", "en")
    assert is_unit("ملغ", "ar")
    assert not is_unit("ملغ", "en")


@pytest.mark.parametrize(
    ("text", "language", "name", "period"),
    [
        (" mg/kg/day", "en", "mg/kg", "d"),
        (" mg per hour", "en", "mg", "h"),
        (" ملغ/كغ/يوم", "ar", "mg/kg", "d"),
        (" mg/m²", "en", "mg/m2", ""),
    ],
)
def test_a_time_below_the_line_is_kept_apart(text: str, language: str, name: str, period: str) -> None:
    unit = unit_after(fold_with_places(text).text, 0, language)
    assert (unit.name, unit.period, unit.length) == (name, period, len(text))


def test_a_unit_before_a_number_is_a_dose() -> None:
    assert unit_before("mg", "en").name == "mg"
    assert unit_before("%", "en").name == "%"
    assert unit_before("day", "en").name == ""
    assert unit_before("g", "en").name == ""


def test_a_word_is_a_unit_with_the_prefixes_of_its_language() -> None:
    assert has_unit("والقرص", "tablet", "ar")
    assert not has_unit("والقرص", "mg", "ar")


@pytest.mark.parametrize(
    ("value", "unit", "other_value", "other_unit"),
    [("1", "g", "1000", "mg"), ("0.5", "mg", "500", "mcg"), ("37", "°C", "98.6", "°F"), ("2", "d", "48", "h")],
)
def test_amounts_are_the_same_in_their_base(value: str, unit: str, other_value: str, other_unit: str) -> None:
    assert converted(Decimal(value), unit) == converted(Decimal(other_value), other_unit)


def test_what_has_no_fixed_size_is_not_converted() -> None:
    assert converted(Decimal(1), "mo") is None
    assert converted(Decimal(1), "") is None
