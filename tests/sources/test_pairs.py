import pytest

from qantara.errors import DataError
from qantara.sources.mapping import Constants
from qantara.sources.pairs import PairColumns, column_pairs, native_pairs

CONSTANTS = Constants(language="en", source="test", split="test")
SIDES = {"en": {"question": "Which?", "options": ["x", "y"]}, "ar": {"question": "أيها؟", "options": ["س", "ص"]}}
COLUMNS = PairColumns(
    question={"en": "q_en", "ar": "q_ar"},
    options={"en": "o_en", "ar": ("o1_ar", "o2_ar")},
    answer_index="answer",
    native_id="id",
)
TABLE_ROW = {
    "id": "1",
    "q_en": "Which?",
    "o_en": ["x", "y"],
    "q_ar": "أيها؟",
    "o1_ar": "س",
    "o2_ar": "ص",
    "answer": "B",
}


def test_a_row_gives_two_records_of_one_family() -> None:
    row = {"id": "b-1", "subject": "anatomy", "answer_index": 1, **SIDES}
    source, target = native_pairs([row], CONSTANTS, ("en", "ar"), "file")
    assert (source.language, target.language) == ("en", "ar")
    assert (source.answer_index, target.answer_index) == (1, 1)
    assert target.options == ("س", "ص")
    assert source.origin.family == target.origin.family == target.origin.parent == source.id
    assert (target.origin.native_id, target.origin.subject, target.origin.split) == ("b-1", "anatomy", "test")


def test_the_other_direction_makes_arabic_the_source() -> None:
    row = {"id": "b-1", "answer_index": 1, **SIDES}
    source, target = native_pairs([row], CONSTANTS, ("ar", "en"), "file")
    assert (source.language, target.origin.family) == ("ar", source.id)


def test_named_columns_are_read() -> None:
    source, target = column_pairs([TABLE_ROW], COLUMNS, CONSTANTS, ("en", "ar"), "file")
    assert (source.options, target.options, target.answer_index) == (("x", "y"), ("س", "ص"), 1)


def test_an_absent_column_or_language_is_named() -> None:
    with pytest.raises(DataError, match=r"f: no column 'ar'; there are: id, answer_index, en"):
        list(native_pairs([{"id": "1", "answer_index": 0, "en": SIDES["en"]}], CONSTANTS, ("en", "ar"), "f"))
    with pytest.raises(DataError, match="f: no column 'answer'"):
        list(column_pairs([{"id": "1"}], COLUMNS, CONSTANTS, ("en", "ar"), "f"))
    with pytest.raises(DataError, match="nothing about language 'fr'"):
        list(column_pairs([TABLE_ROW], COLUMNS, CONSTANTS, ("en", "fr"), "f"))


def test_a_side_that_is_no_object_still_gives_both_records() -> None:
    rows = [{"id": "1", "answer_index": 0, "en": SIDES["en"], "ar": None}]
    _, target = native_pairs(rows, CONSTANTS, ("en", "ar"), "f")
    assert (target.question, target.options) == ("", ())


def test_a_side_may_have_a_context() -> None:
    sides = {code: {**side, "context": f"context {code}"} for code, side in SIDES.items()}
    source, target = native_pairs([{"id": "1", "answer_index": 0, **sides}], CONSTANTS, ("en", "ar"), "f")
    assert (source.context, target.context) == ("context en", "context ar")
    columns = COLUMNS.model_copy(update={"context": {"en": "c_en"}})
    source, target = column_pairs([TABLE_ROW | {"c_en": "why"}], columns, CONSTANTS, ("en", "ar"), "f")
    assert (source.context, target.context) == ("why", "")
