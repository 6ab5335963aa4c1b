import pytest

from qantara.sources.cells import MISSING, cell_at, unpacked

ROW = {"a.b": "flat", "a": {"b": "deep"}, "deep": {"x": {"y": 1}}, "text": "t"}


def test_a_column_of_the_name_comes_before_a_path_into_objects():
    assert cell_at(ROW, "a.b") == "flat"
    assert cell_at(ROW, "deep.x.y") == 1
    assert cell_at(ROW, "deep.z") is MISSING
    assert cell_at(ROW, "text.z") is MISSING


@pytest.mark.parametrize(
    ("cell", "value"),
    [('["x", "y"]', ["x", "y"]), (' {"A": "x"}', {"A": "x"}), ("[not json", "[not json"), ("5", "5"), (5, 5)],
)
def test_json_in_a_cell_is_read_and_other_text_stays(cell, value):
    assert unpacked(cell) == value
