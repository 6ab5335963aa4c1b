import re
import xml.etree.ElementTree as ET
from itertools import pairwise

from qantara.evaluate.pages.charts import Difference, differences

ROWS = [Difference("total", 0.1, 0.05, 0.15, is_whole=True), Difference("labels <x>", -0.02, -0.06, 0.02)]


def drawn():
    return ET.fromstring(str(differences("Parts", "points lost", ROWS)))


def lines(root, name):
    return [line for line in root.iter("line") if line.get("class") == name]


def test_a_bar_runs_from_nought_to_its_value_and_an_interval_around_it():
    root = drawn()
    (zero,) = {float(line.get("x1")) for line in lines(root, "zero")}
    whole, part = list(root.iter("rect"))
    assert float(whole.get("x")) == zero
    assert abs(float(part.get("x")) + float(part.get("width")) - zero) < 0.11
    spans = [(float(e.get("x1")), float(e.get("x2"))) for e in lines(root, "error") if e.get("x1") != e.get("x2")]
    end = float(whole.get("x")) + float(whole.get("width"))
    assert spans[0][0] < end < spans[0][1]
    assert spans[1][0] < zero < spans[1][1]


def test_points_on_the_axis_are_as_far_apart_as_their_values():
    scale = [float(line.get("x1")) for line in lines(drawn(), "grid")]
    steps = [b - a for a, b in pairwise(scale)]
    assert max(steps) - min(steps) < 0.2


def test_values_are_told_in_words_and_escaped():
    text = str(differences("Parts", "points lost", ROWS))
    assert "total: +10.0 (+5.0 to +15.0); labels &lt;x&gt;: \u22122.0" in text
    assert not re.search(r"<x>", text)


def test_a_difference_that_is_nought_throughout_can_be_drawn():
    assert "0.0 (0.0 to 0.0)" in differences("t", "a", [Difference("none", 0.0, 0.0, 0.0)])
