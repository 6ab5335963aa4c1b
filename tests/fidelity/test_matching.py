from decimal import Decimal

import pytest

from qantara.fidelity.matching import compare
from qantara.fidelity.reading import read


def compared(source, target, codes=("en", "ar")):
    return compare(read(source, codes[0]), read(target, codes[1]))


def values(quantities):
    return [quantity.value for quantity in quantities]


def test_equal_units_match_first():
    found = compared("5 mg and 5 mL", "5 مل و5 ملغ")
    assert {(a.unit.name, b.unit.name) for a, b in found.matched} == {("mg", "mg"), ("mL", "mL")}
    assert found.missing == found.added == []


def test_a_number_is_used_once():
    found = compared("5 and 5", "5")
    assert len(found.matched) == len(found.missing) == 1
    assert found.added == []


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("2.5 mL", "٢،٥ مل"),
        ("2.5 mL", "٢٫٥ مل"),
        ("10 000 steps", "10000 خطوة"),
        ("3 tablets", "ثلاثة أقراص"),
        ("two weeks", "أسبوعين"),
        ("two weeks", "2 أسبوع"),
        ("7.5 mg", "سبعة ونصف ملغ"),
        ("25% of patients", "ربع المرضى"),
        ("1/2 tablet", "نصف قرص"),
        ("1 tablet", "قرص"),
        ("1 in 5", "واحد من كل 5"),
        ("twenty-five beds", "25 سريرا"),
        ("1.8 million", "1800000"),
        ("HbA1c", "الهيموغلوبين السكري"),
    ],
)
def test_two_ways_of_writing_a_number_leave_nothing_over(source, target):
    found = compared(source, target)
    assert (found.missing, found.added, found.ambiguous, found.converted) == ([], [], [], [])
    assert (found.words_missing, found.words_added) == ([], [])


def test_neighbors_in_a_list_stay_two_numbers():
    found = compared("2.5", "2، 5")
    assert values(found.missing) == [Decimal("2.5")]
    assert values(found.added) == [2, 5]


def test_another_value_is_alone_on_both_sides():
    found = compared("10 mg", "100 ملغ")
    assert (values(found.missing), values(found.added)) == ([10], [100])


def test_a_number_that_is_right_only_by_its_unlikely_reading_is_ambiguous():
    ((a, b),) = compared("1.5 mg", "1,500 ملغ").ambiguous or compared("1,500 mg", "1.500 ملغ").ambiguous
    assert b.other == a.value or a.other == b.value


def test_the_same_amount_in_another_unit_is_converted():
    ((a, b),) = compared("1 g", "1000 ملغ").converted
    assert (a.unit.name, b.unit.name) == ("g", "mg")
    assert compared("1 g", "100 ملغ").converted == []


def test_counts_in_words_that_nothing_explains_are_kept():
    found = compared("three times a day", "مرتان في اليوم")
    assert (values(found.words_missing), values(found.words_added)) == ([3], [2])


def test_texts_without_numbers_have_nothing_to_compare():
    found = compared("no number", "لا رقم هنا")
    assert (found.matched, found.missing, found.added) == ([], [], [])
