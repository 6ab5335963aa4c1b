from decimal import Decimal

import pytest

from qantara.fidelity.quantities import quantities, readable


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
        ("5ـ10", "ar", ["5", "10"]),
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


def test_offsets_lead_back_to_the_text_with_its_invisible_marks() -> None:
    text = "\u200f٢\u200f٥ مل"
    plain, places = readable(text)
    assert plain == "25 مل"
    assert [text[place] for place in places[:-1]] == list("٢٥ مل")
    assert quantities(text, "ar")[0].text == "٢\u200f٥"


def test_digit_scripts_of_one_number_are_listed() -> None:
    assert quantities("1٢", "ar")[0].digit_scripts == ("western", "arabic-indic")
