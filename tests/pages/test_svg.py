import xml.etree.ElementTree as ET

import pytest

from qantara.pages.svg import between, drawing, element, hexadecimal, ink_on, polyline, ticks


def test_elements_escape_text_and_attributes():
    made = element("text", "<b>", x=1.26, class_='a"b', text_anchor="end")
    assert made == '<text x="1.3" class="a&#34;b" text-anchor="end">&lt;b&gt;</text>'


def test_a_drawing_has_a_text_alternative():
    root = ET.fromstring(drawing((10, 20), "Loss", "falls", [polyline([(0, 0), (1, 2)], "line")]))
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == "Loss. falls"
    assert root.find("title").text == "Loss"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (1.4, 3.4, [1.0, 1.5, 2.0, 2.5, 3.0, 3.5]),
        (2, 2, [2, 2.2, 2.4, 2.6, 2.8, 3]),
    ],
)
def test_ticks_are_round_and_hold_the_range(low, high, expected):
    assert ticks(low, high) == pytest.approx(expected)


def test_colors_blend_and_ink_can_be_read_on_them():
    assert hexadecimal(between((0, 0, 0), (255, 255, 255), 0.5)) == "#808080"
    assert ink_on((250, 250, 250)) == "#111111"
    assert ink_on((8, 64, 129)) == "#ffffff"
