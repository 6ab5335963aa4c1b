import pytest

from qantara.errors import DataError
from qantara.records import Answer, Choice, Dialogue, Passage
from qantara.sources.mapping import Constants
from qantara.sources.native import native_examples

CONSTANTS = Constants(language="en", source="test")
ROWS: list[dict[str, object]] = [
    {
        "key": "c-1",
        "kind": "choice",
        "specialty": "cardiology",
        "question": "Q",
        "options": ["a", "b"],
        "answer_index": 1,
    },
    {"key": "a-1", "kind": "answer", "specialty": "x", "language": "ar", "question": "س", "answer": "ج"},
    {"key": "d-1", "kind": "dialogue", "specialty": "x", "turns": [{"role": "user", "text": "a"}]},
    {"key": "p-1", "kind": "passage", "text": "T"},
]


def test_each_kind_becomes_its_record() -> None:
    choice, answer, dialogue, passage = native_examples(ROWS, CONSTANTS, "file")
    assert isinstance(choice, Choice)
    assert isinstance(answer, Answer)
    assert isinstance(dialogue, Dialogue)
    assert isinstance(passage, Passage)
    assert (passage.origin.native_id, passage.text) == ("p-1", "T")
    assert (choice.origin.native_id, choice.origin.subject, choice.answer_index) == ("c-1", "cardiology", 1)
    assert (choice.language, answer.language) == ("en", "ar")


@pytest.mark.parametrize("row", [{"kind": "poem"}, {}, {"kind": "answer", "language": "xx"}])
def test_an_unknown_kind_or_language_names_file_and_record(row: dict[str, object]) -> None:
    with pytest.raises(DataError, match="items, record 5"):
        list(native_examples([*ROWS, row], CONSTANTS, "items"))
