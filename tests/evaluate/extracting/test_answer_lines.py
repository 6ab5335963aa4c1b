"""Lines that are an answer by their form, and lists that are none."""

import pytest

from qantara.evaluate.extracting.answer_lines import lines, listed, stated_by_line, text_of_line
from qantara.evaluate.extracting.answer_phrases import Phrases
from qantara.evaluate.extracting.option_labels import Labels
from qantara.evaluate.extracting.option_texts import Texts
from qantara.evaluate.extracting.reading import Reading
from qantara.evaluate.extracting.reply_text import tokenize


def _reading(text: str) -> Reading:
    tokens = tokenize(text)
    options = ["Aspirin", "Ibuprofen", "Omeprazole", "Metformin"]
    return Reading(tokens, Phrases(tokens), Labels(["A", "B", "C", "D"]), Texts(options, tokens))


def _of_lines(text: str) -> list[int | None]:
    found = lines(_reading(text))
    return [choice.index for line in found if (choice := stated_by_line(line, listed(found)))]


@pytest.mark.parametrize(
    ("text", "indexes"),
    [
        ("B", [1]),
        ("- **(B)**", [1]),
        ("> B) text", [1]),
        ("Option B", [1]),
        ("ب- نص", [1]),
        ("A or B", [None]),
        ("A patient", []),
        ("A. x\nB. y\nC. z", []),
        ("A\nB\nC", []),
        ("A. x\nB. y\n\nA", [0]),
        ("A. x B. y", []),
        ("D. x\nA. y", [3, 0]),
    ],
)
def test_a_line_names_its_label_unless_it_is_of_a_list(text: str, indexes: list[int | None]) -> None:
    assert _of_lines(text) == indexes


def test_a_bare_label_is_told_from_one_with_a_text() -> None:
    assert [line.is_bare for line in lines(_reading("B.\n\nB. text\nno label"))] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "opening", "index"),
    [
        ("Ibuprofen.", False, 1),
        ("Ibuprofen, it", False, None),
        ("Ibuprofen, it", True, 1),
        ("Ibuprofen helps", True, None),
        ("B", True, None),
    ],
)
def test_a_line_may_be_an_options_text(text: str, opening: bool, index: int | None) -> None:
    reading = _reading(text)
    choice = text_of_line(reading, lines(reading)[0], opening=opening)
    assert (None if choice is None else choice.index) == index
