import pytest

from qantara.errors import DataError
from qantara.sources.benchmarks.pair_columns import pair_columns

DIRECTION = ("en", "ar")


def test_columns_are_named_for_both_sides() -> None:
    columns = pair_columns(
        "id=ID, subject=S, answer_index=K, source.question=Q, source.options=A|B, target.question=ar.q, target.options=O,"
        "target.context=C",
        DIRECTION,
    )
    assert columns.question == {"en": "Q", "ar": "ar.q"}
    assert columns.options == {"en": ("A", "B"), "ar": "O"}
    assert columns.context == {"ar": "C"}
    assert (columns.native_id, columns.subject, columns.answer_index) == ("ID", "S", "K")


def test_source_is_the_first_language_of_the_direction() -> None:
    text = "answer_index=K,source.question=Q,source.options=O,target.question=R,target.options=P"
    assert pair_columns(text, ("ar", "en")).question == {"ar": "Q", "en": "R"}


def test_a_side_may_be_one_object() -> None:
    columns = pair_columns("source=english,target=arabic,answer_index=key", DIRECTION)
    assert columns.question == {"en": "english.question", "ar": "arabic.question"}
    assert columns.options == {"en": "english.options", "ar": "arabic.options"}
    assert columns.native_id is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source.question", "'source.question' is not of the form NAME=COLUMN"),
        ("source.question=", "is not of the form"),
        ("colour=blue", "'colour' is not known; known: id, subject, source"),
        ("source.question=A|B", "takes one column; only options"),
        ("source=a,answer_index=k", "nothing is named for target.question, target.options"),
        ("source=a,target=b", "nothing is named for answer_index"),
        ("source=a,target=b,source.answer_index=k,target.answer_index=m", "name one answer_index"),
        ("", "nothing is named for source.question"),
    ],
)
def test_what_is_not_understood_or_missing_is_said(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        pair_columns(text, DIRECTION)
