from decimal import Decimal

from qantara.fidelity.matching import match_quantities, take_joined
from qantara.fidelity.quantities import quantities, readable


def test_equal_units_match_first() -> None:
    source = quantities("5 mg and 5 mL", "en")
    target = quantities("5 مل و5 ملغ", "ar")
    matched, left, added = match_quantities(source, target)
    assert [(a.unit.name, b.unit.name) for a, b in matched] == [("mg", "mg"), ("mL", "mL")]
    assert left == added == []


def test_a_number_is_used_once() -> None:
    matched, left, added = match_quantities(quantities("5 and 5", "en"), quantities("5", "ar"))
    assert len(matched) == len(left) == 1
    assert added == []


def test_two_neighbors_with_a_list_comma_are_taken_as_one_number() -> None:
    text = "٢،٥ مل"
    wholes, parts = quantities("2.5 mL", "en"), quantities(text, "ar")
    (join,) = take_joined(wholes, parts, readable(text)[0])
    assert join.whole.value == Decimal("2.5")
    assert wholes == parts == []


def test_neighbors_in_a_list_stay_two_numbers() -> None:
    text = "2، 5"
    wholes, parts = quantities("2.5", "en"), quantities(text, "ar")
    assert take_joined(wholes, parts, readable(text)[0]) == []
    assert len(parts) == 2
