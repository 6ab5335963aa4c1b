"""What is named at one place: one label, several, a text."""

import pytest

from qantara.evaluate.extracting.answer_groups import read_choice, read_label
from qantara.evaluate.extracting.answer_phrases import Phrases
from qantara.evaluate.extracting.option_labels import Labels
from qantara.evaluate.extracting.option_texts import Texts
from qantara.evaluate.extracting.reading import Reading
from qantara.evaluate.extracting.reply_text import tokenize

DRUGS = ["Aspirin", "Ibuprofen", "Omeprazole", "Metformin"]


def _reading(text: str, options: list[str] | None = None) -> Reading:
    tokens = tokenize(text)
    return Reading(tokens, Phrases(tokens), Labels(["A", "B", "C", "D"]), Texts(options, tokens))


def _index(text: str, options: list[str] | None = None) -> int | str | None:
    choice = read_choice(_reading(text, options), 0)
    return "nothing" if choice is None else choice.index


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("(B)", 1),
        ("[ B ].", 1),
        ("B and A is wrong", 1),
        ("B, not C", 1),
        ("A or B", None),
        ("A, C", None),
        ("A and option C", None),
        ("أ وب", None),
        ("أ أو ب", None),
        ("A or B?", "nothing"),
        ("A and A", 0),
        ("xyz", "nothing"),
        ("B. Ibuprofen", 1),
        ("B. Omeprazole", None),
        ("B (omeprazole)", None),
        ("B. Omeprazole is wrong", 1),
        ("ibuprofen", 1),
        ("aspirin or ibuprofen", None),
        ("ibuprofen toxicity", "nothing"),
        ("ibuprofen, as it", 1),
    ],
)
def test_a_place_names_one_option_or_is_ambiguous(text: str, index: int | str | None) -> None:
    assert _index(text, DRUGS) == index


def test_small_letters_numbers_and_denied_lists_depend_on_what_is_asked() -> None:
    assert read_label(_reading("b."), 0, strict=True) is None
    assert read_label(_reading("2"), 0) is None
    numbered = read_label(_reading("2"), 0, numbers=True)
    assert numbered is not None
    assert numbered.index == 1
    assert read_label(_reading("A and B are wrong"), 0, strict=True) is None
