import pytest

from qantara.errors import DataError
from qantara.sources.benchmarks.shapes import (
    CHOICES,
    GENERAL,
    NATIVE,
    answer_of,
    joined,
    named,
    nested_columns,
    of_pair,
    shape_of,
    value_at,
)
from qantara.sources.pairs import PairColumns


def test_named_columns_give_a_plain_row() -> None:
    shape = named(question="Q", options=("A", "B"), answer="K", answer_base=1, optional={"id": "n", "subject": "s"})
    row = {"Q": "Which?", "A": "x", "B": "y", "K": 2, "n": 7, "s": "anatomy"}
    assert shape.plain(row, "en") == {
        "id": 7,
        "subject": "anatomy",
        "question": "Which?",
        "options": ("x", "y"),
        "answer_index": 1,
        "context": "",
    }


def test_options_may_be_an_object_of_letters_a_list_or_either_as_json_in_a_cell() -> None:
    for options in ({"B": "y", "A": "x"}, ["x", "y"], '["x", "y"]', '{"A": "x", "B": "y"}'):
        row = {"question": "Which?", "options": options, "answer_index": 0}
        assert NATIVE.plain(row, "en")["options"] == ("x", "y")


@pytest.mark.parametrize(
    ("value", "code", "index"),
    [
        ("C", "en", 2),
        ("c", "ar", 2),
        ("ج", "ar", 2),
        ("ه", "ar", 4),
        ("هـ", "ar", 4),
        ("ا", "ar", 0),
        ("ب.", "ar", 1),
        (" B. ", "en", 1),
        (3, "en", 3),
        ("3", "en", 3),
        (-1, "en", -1),
        (None, "en", -1),
        ("none of these", "en", -1),
        (True, "en", -1),
    ],
)
def test_a_key_is_a_number_or_a_letter(value: object, code: str, index: int) -> None:
    assert answer_of(value, 0, code) == index


def test_a_dotted_path_leads_into_objects_unless_a_column_has_that_name() -> None:
    assert value_at({"en": {"question": "q"}}, "en.question") == "q"
    assert value_at({"en.question": "flat", "en": {"question": "q"}}, "en.question") == "flat"
    assert value_at({"en": "text"}, "en.question") is None


def test_contexts_are_joined_by_lines() -> None:
    assert joined(["one", None, "two"]) == "one\ntwo"
    assert joined({"contexts": ["one", "two"], "labels": ["a", "b"]}) == "one\ntwo"
    assert joined('["one", "two"]') == "one\ntwo"
    assert joined("as it is") == "as it is"
    assert joined(None) == ""


def test_the_first_shape_whose_columns_are_there_is_taken_else_the_error_names_them() -> None:
    assert shape_of([{"question": "q", "choices": ["x"], "answer_index": 0}], GENERAL, "f") is CHOICES
    with pytest.raises(
        DataError, match=r"f: the columns are not known; wanted question, options, answer_index; or "
    ) as caught:
        shape_of([{"text": "a patient of 60"}], GENERAL, "f")
    assert "there are: text" in str(caught.value)
    assert "patient" not in str(caught.value)


def test_a_side_of_a_pair_reads_its_own_columns() -> None:
    columns = PairColumns(
        question={"en": "q1", "ar": "q2"},
        options={"en": ("a1", "b1"), "ar": "o2"},
        context={"ar": "c2"},
        answer_index="k",
    )
    row = {"q1": "Which?", "q2": "أيها؟", "a1": "x", "b1": "y", "o2": ["س", "ص"], "c2": "سياق", "k": "b", "id": "i"}
    english, arabic = of_pair(columns, "en").plain(row, "en"), of_pair(columns, "ar").plain(row, "ar")
    assert (english["options"], english["context"], english["id"]) == (("x", "y"), "", "i")
    assert (arabic["options"], arabic["context"], arabic["answer_index"]) == (("س", "ص"), "سياق", 1)
    nested = nested_columns(("en",))
    assert of_pair(nested, "en").plain({"en": {"question": "q", "context": "c"}}, "en")["context"] == "c"
