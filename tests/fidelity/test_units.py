import pytest

from qantara.fidelity.lexicon import rows
from qantara.fidelity.units import is_unit, unit_at_start
from qantara.languages import fold


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
    assert unit_at_start(fold(text), language).name == name


def test_no_spelling_stands_for_two_units() -> None:
    units: dict[tuple[str, str], str] = {}
    for row in rows("units"):
        assert units.setdefault((row["language"], row["spelling"]), row["unit"]) == row["unit"], row


def test_words_are_looked_up_in_their_language() -> None:
    assert is_unit("mg", "en")
    assert is_unit("ملغ", "ar")
    assert not is_unit("ملغ", "en")
