import math
import xml.etree.ElementTree as ET

from qantara.records import LossPoint
from qantara.report.losses import language_name, loss_drawings


def test_each_language_gets_a_panel_with_both_folds(facts):
    drawings = loss_drawings(facts.losses, ("en", "ar"))
    roots = [ET.fromstring(drawing) for drawing in drawings]
    assert [root.find("title").text for root in roots] == ["Loss, English", "Loss, Arabic"]
    for root in roots:
        lines = {line.attrib["class"] for line in root.findall("polyline")}
        assert lines == {"line training", "line validation"}
    assert "validation: 2.30 at step 0, 1.70 at step 40" in drawings[0]


def test_axes_are_labeled_and_shared(facts):
    english, arabic = loss_drawings(facts.losses, ("en", "ar"))
    assert "optimizer step" in english
    assert "loss (nats a token)" in english
    assert english.count(">3.5<") == arabic.count(">3.5<") == 1


def test_no_points_make_no_drawing():
    assert loss_drawings([], ("en", "ar")) == []


def test_a_loss_that_diverged_is_left_out_of_the_lines():
    points = [
        LossPoint(step=i, fold="train", language="all", source="all", loss=loss, num_tokens=1)
        for i, loss in enumerate((2.0, math.nan, math.inf))
    ]
    (drawing,) = loss_drawings(points, ("en", "ar"))
    assert "nan" not in drawing
    assert loss_drawings(points[1:], ("en", "ar")) == []


def test_all_is_both_languages():
    assert language_name("all", ("en", "ar")) == "English and Arabic"
