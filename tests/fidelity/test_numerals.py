from decimal import Decimal

import pytest

from qantara.fidelity.folding import fold_with_places
from qantara.fidelity.numerals import lone_fraction, numeral_at


@pytest.mark.parametrize(
    ("text", "language", "value", "other"),
    [
        ("25", "en", "25", None),
        ("2.5", "en", "2.5", None),
        ("1,500", "en", "1500", None),
        ("1,500", "ar", "1500", "1.5"),
        ("1,500", "fr", "1.5", "1500"),
        ("1.500", "en", "1.5", "1500"),
        ("1.500", "fr", "1500", "1.5"),
        ("1٫500", "ar", "1.5", None),
        ("1٬500", "ar", "1500", None),
        ("2,5", "ar", "2.5", None),
        ("2،5", "ar", "2.5", None),
        ("1,234,567.8", "en", "1234567.8", None),
        ("1.234.567,8", "fr", "1234567.8", None),
        ("1'500", "en", "1500", None),
        ("1\u00a0500", "fr", "1500", None),
        ("1 500", "fr", "1500", None),
        ("1 500", "en", "1", None),
        ("0.125", "en", "0.125", None),
        ("0,500", "en", "0.5", None),
        ("12.3.2020", "en", "12", None),
        ("1½", "en", "1.5", None),
        ("1 ½", "en", "1.5", None),
        ("1 1/2", "en", "1.5", None),
        ("10⁹", "en", "1000000000", None),
        ("10^6", "en", "1000000", None),
        ("10⁻³", "en", "0.001", None),
        ("2⁹", "en", "2", None),
        ("1e6", "en", "1000000", None),
        ("5 x", "en", "5", None),
    ],
)
def test_a_numeral_has_its_value_and_the_other_that_its_separators_allow(text, language, value, other):
    numeral = numeral_at(fold_with_places(text).text, 0, language)
    assert numeral.value == Decimal(value)
    assert numeral.other == (None if other is None else Decimal(other))


@pytest.mark.parametrize(
    ("text", "end", "sign"), [("2.5 mL", 3, "."), ("2,5", 3, ","), ("10⁹/L", 3, ""), ("7. Next", 1, "")]
)
def test_a_numeral_ends_before_what_is_no_part_of_it(text, end, sign):
    numeral = numeral_at(text, 0, "ar")
    assert (numeral.end, numeral.decimal_sign) == (end, sign)


def test_a_very_long_run_of_digits_is_read_without_an_error():
    assert numeral_at("9" * 10_000, 0, "en").value > 0


@pytest.mark.parametrize(("sign", "value"), [("½", "0.5"), ("¼", "0.25"), ("⅛", "0.125"), ("⅓", "0.333333333333")])
def test_a_vulgar_fraction_has_its_value(sign, value):
    assert lone_fraction(sign) == Decimal(value)
