import pytest
from pydantic import ValidationError

from qantara.errors import DataError
from qantara.records import Answer, Choice, Dialogue, Passage, Turn
from qantara.sources.mapping import (
    ColumnMapping,
    Constants,
    example_of,
    examples,
    index_of,
    options_of,
    text_of,
    with_columns,
)

CONSTANTS = Constants(language="en", source="test", licence="MIT")
CHOICE = ColumnMapping(kind="choice", question="q", options="o", answer_index="a", native_id="n", subject="s")


def test_a_row_becomes_a_choice_with_its_origin() -> None:
    row = {"q": "Which?", "o": ["x", "y"], "a": "B", "n": 7, "s": "cardiology"}
    (made,) = examples([row], CHOICE, CONSTANTS, "file")
    assert isinstance(made, Choice)
    assert (made.question, made.options, made.answer_index) == ("Which?", ("x", "y"), 1)
    assert (made.origin.native_id, made.origin.subject, made.origin.licence) == ("7", "cardiology", "MIT")
    assert made.id
    assert made.origin.family == made.id


def test_a_row_becomes_an_answer_numbered_by_its_row() -> None:
    mapping = ColumnMapping(kind="answer", question="q", answer="a")
    first, second = examples([{"q": "1", "a": "x"}, {"q": "2", "a": "y"}], mapping, CONSTANTS, "file")
    assert isinstance(second, Answer)
    assert (first.origin.native_id, second.origin.native_id) == ("1", "2")


def test_a_row_becomes_a_dialogue_with_roles_as_the_mapping_says() -> None:
    mapping = ColumnMapping(
        kind="dialogue", turns="t", role_key="who", text_key="says", roles={"patient": "user", "doctor": "assistant"}
    )
    row = {"t": [{"who": "patient", "says": "Hi"}, {"who": "doctor", "says": "Hello"}]}
    made = example_of(row, mapping, CONSTANTS, 1)
    assert isinstance(made, Dialogue)
    assert made.turns == (Turn(role="user", text="Hi"), Turn(role="assistant", text="Hello"))
    unknown = example_of({"t": [{"who": "nurse", "says": "Hi"}]}, mapping, CONSTANTS, 1)
    assert isinstance(unknown, Dialogue)
    assert unknown.turns == ()


def test_a_row_becomes_a_passage_and_what_is_no_text_is_empty() -> None:
    mapping = ColumnMapping(kind="passage", text="t", native_id="n")
    made, empty = examples([{"n": 3, "t": "Plain."}, {"n": 4, "t": ["Plain."]}], mapping, CONSTANTS, "file")
    assert isinstance(made, Passage)
    assert isinstance(empty, Passage)
    assert (made.text, made.origin.native_id, empty.text) == ("Plain.", "3", "")
    assert mapping.columns() == ("t", "n")


@pytest.mark.parametrize(
    ("value", "base", "code", "index"),
    [
        (0, 0, "en", 0),
        (1, 1, "en", 0),
        ("2", 1, "en", 1),
        (2.0, 0, "en", 2),
        ("c", 0, "en", 2),
        (" D ", 1, "en", 3),
        ("ج", 0, "ar", 2),
        ("B", 0, "ar", 1),
        ("Z", 0, "en", -1),
        ("", 0, "en", -1),
        (None, 0, "en", -1),
        (True, 0, "en", -1),
        (2.5, 0, "en", -1),
        (["A"], 0, "en", -1),
    ],
)
def test_an_answer_is_a_number_or_a_letter_and_else_out_of_range(
    value: object, base: int, code: str, index: int
) -> None:
    assert index_of(value, base, code) == index


def test_options_come_from_a_list_an_object_or_several_columns() -> None:
    row = {"list": ["x", 2], "letters": {"B": "y", "A": "x"}, "a": "x", "b": None, "text": "x"}
    assert options_of(row, "list") == ("x", "2")
    assert options_of(row, "letters") == ("x", "y")
    assert options_of(row, ("a", "b")) == ("x", "")
    assert options_of(row, "text") == ()


def test_what_is_no_text_is_empty() -> None:
    values = ("a", "ä", 5, 2.5, None, float("nan"), True, ["a"], "half a character: \ud800")
    assert [text_of(value) for value in values] == ["a", "ä", "5", "2.5", "", "", "", "", ""]


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    rows = [{"question": "Which?", "o": ["x"], "a": 0, "n": 1}]
    with pytest.raises(DataError, match=r"items\.jsonl: no column 'q', 's'; there are: question, o, a, n"):
        list(examples(rows, CHOICE, CONSTANTS, "items.jsonl"))


def test_a_column_may_be_absent_in_some_rows_and_a_file_may_be_empty() -> None:
    assert len(list(with_columns([{"a": 1}, {"b": 1}], ("a", "b"), "file"))) == 2
    assert list(with_columns([], ("a",), "file")) == []


def test_every_row_gives_one_record_even_with_bad_values() -> None:
    rows = [{"q": None, "o": "x", "a": "Z", "n": None, "s": []}, {"q": "W", "o": ["x"], "a": 0, "n": "1", "s": ""}]
    assert len(list(examples(rows, CHOICE, CONSTANTS, "file"))) == 2


def test_a_mapping_needs_the_columns_of_its_kind() -> None:
    with pytest.raises(ValidationError, match="needs options, answer_index"):
        ColumnMapping(kind="choice", question="q")
