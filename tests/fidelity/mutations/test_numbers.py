from random import Random

import pytest

from qantara.fidelity.mutations.numbers import Body, body_of, number_dropped, numbers, tenth, times_ten, value_x10
from qantara.fidelity.mutations.scene import Scene
from qantara.fidelity.reading import read


@pytest.mark.parametrize(
    ("text", "sign", "ten", "one_tenth"),
    [
        ("5", "", "50", "0.5"),
        ("12", "", "120", "1.2"),
        ("2.5", ".", "25", "0.25"),
        ("0.05", ".", "0.5", "0.005"),
        ("٢٫٥", "٫", "٢٥", "٠٫٢٥"),
        ("1,500", "", "15,000", "150.0"),
        ("125,000", "", "1,250,000", "12500.0"),
    ],
)
def test_digits_keep_their_style(text, sign, ten, one_tenth):
    assert times_ten(Body(text, sign)) == ten
    assert tenth(Body(text, sign), ".") == one_tenth


def test_citations_years_and_names_are_left_alone():
    reading = read("في 2020 رقم 7 [12] HbA1c (Smith 2019) 2000 ملغ", "ar")
    assert [quantity.value for quantity in numbers(reading)] == [7, 2000]


def test_a_power_has_no_body():
    reading = read("10^9", "ar")
    assert body_of(reading, reading.quantities[0]) is None


def test_every_number_is_a_place():
    scene = Scene(field="text", kind="text", source=read("1 mg and 2 mg", "en"), target=read("1 ملغ و2 ملغ", "ar"))
    assert [edit.after for edit in value_x10(scene, Random(1))] == ["10", "20"]


def test_a_number_that_the_source_has_in_a_name_only_is_not_dropped():
    scene = Scene(field="text", kind="text", source=read("ACE2 and 5 mg", "en"), target=read("أنزيم 2 مع 5 ملغ", "ar"))
    assert all("5" in scene.text[edit.start : edit.end] for edit in number_dropped(scene, Random(1)))
