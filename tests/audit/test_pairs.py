import json

import pytest

from qantara.audit.columns import parse_columns
from qantara.audit.pairs import BadRow, Shape, pair_of, texts
from qantara.records import Answer, Choice, Dialogue

SHAPE = Shape(source_language="en", target_language="ar")
QUESTION = {"question": "Q", "options": ["a", "b"]}


def pair(row, shape=SHAPE):
    return pair_of(row, 7, shape)


def test_two_texts_are_a_pair_and_a_missing_id_becomes_the_row_number():
    found = pair({"source": "a", "target": "ب"})
    assert (found.id, found.source, found.target) == ("7", "a", "ب")
    assert texts(found.source) == {"text": "a"}
    assert pair({"id": 12, "source": "a", "target": ""}).id == "12"


def test_objects_become_records_of_their_kind():
    choice = pair({"id": "x", "source": QUESTION | {"answer_index": 1}, "target": QUESTION | {"answer_index": 0}})
    assert isinstance(choice.source, Choice)
    assert (choice.source.language, choice.target.language) == ("en", "ar")
    assert (choice.source.answer_index, choice.target.answer_index) == (1, 0)
    answer = pair({"source": {"question": "Q"}, "target": {"question": "س", "answer": None}})
    assert isinstance(answer.source, Answer)
    turns = {"turns": [{"role": "Doctor", "content": "x"}, {"role": "patient", "text": "y"}]}
    talk = pair({"source": turns, "target": turns})
    assert isinstance(talk.source, Dialogue)
    assert [turn.role for turn in talk.source.turns] == ["assistant", "user"]


def test_an_answer_index_is_a_number_or_a_letter_of_either_language_and_shared_where_one_side_has_it():
    beside = pair({"answer_index": "B", "source": QUESTION, "target": QUESTION})
    assert (beside.source.answer_index, beside.target.answer_index) == (1, 1)
    inside = pair({"source": QUESTION, "target": QUESTION | {"answer_index": "ب"}})
    assert (inside.source.answer_index, inside.target.answer_index) == (1, 1)
    assert pair({"source": QUESTION, "target": QUESTION}).source.answer_index == -1


def test_language_codes_are_known_as_sides():
    found = pair({"id": "x", "answer_index": 1, "en": QUESTION, "ar": QUESTION})
    assert found.source.answer_index == 1
    assert pair({"id": "x", "en": "a", "ar": "ب", "source": "somewhere"}).target == "ب"


def test_columns_put_a_record_together_and_a_cell_may_hold_json():
    columns = parse_columns("source.question=q,source.options=a|b,target.question=s,target.options=all,answer_index=k")
    row = {"q": "Q", "a": "1", "b": 2, "s": "س", "all": json.dumps(["١", "٢"]), "k": "A"}
    found = pair(row, Shape(source_language="en", target_language="ar", columns=columns))
    assert texts(found.source) == {"question": "Q", "options/0": "1", "options/1": "2"}
    assert texts(found.target) == {"question": "س", "options/0": "١", "options/1": "٢"}
    assert found.target.answer_index == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"en": "a"}, "source is missing"),
        ({"source": "a"}, "target is missing"),
        ({"source": "a", "target": None}, "target is missing"),
        ({"source": 3, "target": "ب"}, "source is a number"),
        ({"source": "  ", "target": "ب"}, "source has no text"),
        ({"source": "a", "target": QUESTION}, "one side is a text"),
        ({"source": {"title": "x"}, "target": QUESTION}, "no field known"),
        ({"source": {"question": 5}, "target": QUESTION}, "source.question is a number"),
        ({"source": QUESTION | {"options": "a, b"}, "target": QUESTION}, "source.options is a text"),
        ({"source": QUESTION | {"options": ["a", None]}, "target": QUESTION}, "no text"),
        ({"source": QUESTION | {"answer_index": "two"}, "target": QUESTION}, "no number from 0"),
        ({"source": {"turns": [{"role": "cat", "text": "x"}]}, "target": {"turns": "x"}}, "known role"),
        ({"source": "a\ud800", "target": "ب"}, "half a character"),
        ({"id": "a\nb", "source": "a", "target": "ب"}, "line break"),
    ],
)
def test_a_row_that_is_no_pair_is_bad_for_a_reason(row, reason):
    with pytest.raises(BadRow, match=reason):
        pair(row)


def test_a_text_that_is_given_further_fields_is_bad():
    columns = parse_columns("source=q,source.options=o,target=t")
    with pytest.raises(BadRow, match="no other field"):
        pair({"q": "Q", "o": ["a"], "t": "ب"}, Shape(source_language="en", target_language="ar", columns=columns))
