import pytest

from qantara.fidelity.mutations.units import written_unit
from qantara.fidelity.reading import read


@pytest.mark.parametrize(
    ("text", "name", "written"),
    [("5 ملغ/كغ", "mg", "ملغ"), ("5 mg", "mg", "mg"), ("3 أيام", "d", "أيام"), ("38 °م", "°C", "°م")],
)
def test_the_spelling_behind_a_number_is_found(text, name, written):
    reading = read(text, "ar")
    start, form = written_unit(reading, reading.quantities[0], name)
    assert form.written == written
    assert reading.text[start : start + len(form.folded)] == form.folded


def test_a_number_without_a_unit_has_none():
    reading = read("5 أشياء", "ar")
    assert written_unit(reading, reading.quantities[0], "mg") is None
