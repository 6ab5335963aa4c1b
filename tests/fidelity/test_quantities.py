from decimal import Decimal

import pytest

from qantara.fidelity.quantities import Quantity, digit_scripts
from qantara.fidelity.reading import read


def quantities(text: str, language: str) -> list[Quantity]:
    return [quantity for quantity in read(text, language).quantities if not quantity.is_word]


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("2.5 mL", "en", ["2.5"]),
        ("٢٫٥ مل", "ar", ["2.5"]),
        ("۲٫۵ مل", "ar", ["2.5"]),
        (".5 mg", "en", ["0.5"]),
        ("1,234.5", "en", ["1234.5"]),
        ("1.234,5", "ar", ["1234.5"]),
        ("١٬٥٠٠", "ar", ["1500"]),
        ("1\u00a0500", "en", ["1500"]),
        ("10⁹", "en", ["1000000000"]),
        ("10^6", "en", ["1000000"]),
        ("10⁻³", "en", ["0.001"]),
        ("1½", "en", ["1.5"]),
        ("$300+ billion", "en", ["300000000000"]),
        ("Fig.2 and ).2", "en", ["2", "2"]),
        ("1\u200f20", "ar", ["120"]),
        ("5 - 10", "ar", ["5", "10"]),
        ("٥-١٠", "ar", ["5", "10"]),
        ("no number", "en", []),
    ],
)
def test_a_number_has_one_exact_value(text: str, language: str, values: list[str]) -> None:
    assert [quantity.value for quantity in quantities(text, language)] == [Decimal(value) for value in values]


@pytest.mark.parametrize("text", ["HbA1c", "COVID-19", "B12", "T4", "CD4", "SARS-CoV-2", "5-FU", "2B", "كوفيد-19"])
def test_a_number_in_a_name_is_marked(text: str) -> None:
    assert all(quantity.is_name for quantity in quantities(text, "ar"))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("q6h", "en"),
        ("pH7.4", "en"),
        ("10mg", "en"),
        ("5 mg-10 mg", "en"),
        ("و5 ملغ", "ar"),
        ("بـ10", "ar"),
        ("1st", "en"),
    ],
)
def test_a_glued_number_is_no_name(text: str, language: str) -> None:
    assert not any(quantity.is_name for quantity in quantities(text, language))


def test_tatweel_between_digits_is_no_dash() -> None:
    assert [quantity.value for quantity in quantities("5\u0640 10", "ar")] == [5, 10]
    assert not any(quantity.is_name for quantity in quantities("بـ10", "ar"))


def test_spans_lead_back_to_the_text_with_its_invisible_marks() -> None:
    reading = read("\u200f٢\u200f٥ مل", "ar")
    (quantity,) = reading.quantities
    assert reading.text == "25 مل"
    assert reading.quote(quantity.start, quantity.end) == "٢\u200f٥"
    assert reading.quote(quantity.start, quantity.unit_end) == "٢\u200f٥ مل"


@pytest.mark.parametrize(
    ("text", "language", "unit", "period"),
    [
        ("10 mg/kg/day", "en", "mg/kg", "d"),
        ("10 ملغ لكل كيلوغرام يوميا", "ar", "mg/kg", ""),
        ("mg 10", "en", "mg", ""),
        ("3 mM", "en", "mmol/L", ""),
        ("over 65s", "en", "", ""),
        ("2.5 million IU", "en", "IU", ""),
        ("½ tablet", "en", "tablet", ""),
        ("مرتين", "ar", "times", ""),
        ("twenty tablets", "en", "tablet", ""),
    ],
)
def test_a_number_has_its_unit(text: str, language: str, unit: str, period: str) -> None:
    (quantity,) = read(text, language).quantities
    assert (quantity.unit.name, quantity.unit.period) == (unit, period)


@pytest.mark.parametrize(
    ("text", "language", "value", "form"),
    [
        ("a quarter", "en", "0.25", "fraction"),
        ("three quarters", "en", "0.75", "fraction"),
        ("twenty-five", "en", "25", "cardinal"),
        ("قرصين", "ar", "2", "dual"),
        ("الثالثة", "ar", "3", "ordinal"),
        ("7", "en", "7", "digits"),
    ],
)
def test_a_number_in_words_has_its_form(text: str, language: str, value: str, form: str) -> None:
    (quantity,) = read(text, language).quantities
    assert (quantity.value, quantity.form) == (Decimal(value), form)


def test_the_one_of_one_in_five_is_marked() -> None:
    assert [quantity.is_one_in for quantity in read("1 in 5", "en").quantities] == [True, False]


def test_a_drug_that_begins_with_a_number_is_a_name() -> None:
    assert read("5-fluorouracil", "en").quantities[0].is_name


def test_digit_scripts_of_one_number_are_listed() -> None:
    assert digit_scripts("1٢") == ("western", "arabic-indic")
    assert digit_scripts("none") == ()
