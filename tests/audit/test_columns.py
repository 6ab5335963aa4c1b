import pytest

from qantara.audit.columns import parse_columns
from qantara.errors import DataError

ROW = {"key": 7, "q": "Q", "a.b": "flat", "deep": {"x": {"y": 1}}, "o1": "A", "o2": "B", "k": "C", "ar": "ع"}


def test_a_field_alone_holds_for_both_sides():
    columns = parse_columns("source.question=q,target.question=ar,answer_index=k")
    assert columns.fields(ROW, "source") == {"question": "Q", "answer_index": "C"}
    assert columns.fields(ROW, "target") == {"question": "ع", "answer_index": "C"}


def test_options_may_come_from_several_columns():
    columns = parse_columns("source.question=q, source.options=o1|o2|o3, target=ar")
    assert columns.part(ROW, "source.options") == ["A", "B", None]


def test_a_column_named_id_is_used_unless_another_is_named():
    assert parse_columns("source=q,target=ar").part({"id": "x"}, "id") == "x"
    assert parse_columns("id=key,source=q,target=ar").part(ROW, "id") == 7


def test_columns_that_no_row_has_are_named_once():
    columns = parse_columns("id=key,source=nowhere,target.question=ar,target.options=nowhere")
    assert columns.absent([ROW, {"key": 1}]) == ["nowhere"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("source", "NAME=COLUMN"),
        ("source=", "NAME=COLUMN"),
        ("source=q", "nothing is named for target"),
        ("source.colour=q,target=ar", "'source.colour' is not known"),
        ("source=q,target=a|b", "only options"),
    ],
)
def test_what_is_not_understood_is_one_line(text, told):
    with pytest.raises(DataError, match=told):
        parse_columns(text)
