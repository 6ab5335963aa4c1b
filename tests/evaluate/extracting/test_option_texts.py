"""Option texts are found whole, numbers exact."""

import pytest

from qantara.evaluate.extracting.answer_phrases import Phrases
from qantara.evaluate.extracting.option_texts import Text, Texts
from qantara.evaluate.extracting.reply_text import tokenize


def _index(reply: str, options: list[str]) -> int | str | None:
    tokens = tokenize(reply)
    found = Texts(options, tokens).at(0, Phrases(tokens))
    return "no text" if found is None else found.index


@pytest.mark.parametrize(
    ("reply", "options", "index"),
    [
        ("the radial nerve", ["Ulnar nerve", "Radial nerve"], 1),
        ("D dimer", ["D-dimer", "Troponin"], 0),
        ("9.3 g/dL", ["93 g/dL", "9.3 g/dL"], 1),
        ("٩٫٣", ["93", "9.3"], 1),
        ("9.35", ["9.3", "93"], "no text"),
        ("9", ["9.3", "93"], "no text"),
        ("5%", ["5", "50"], "no text"),
        ("5 mg", ["5", "50"], 0),
        ("-2", ["2", "-2"], 1),
        ("2", ["2", "-2"], 0),
        ("diabetes insipidus", ["Diabetes", "Diabetes insipidus"], 1),
        ("العَصَبُ الكُعبُريّ", ["العصب الزندي", "العصب الكعبري"], 1),
        ("aspirins", ["Aspirin", "Ibuprofen"], "no text"),
        ("aspirin", ["Aspirin", "aspirin"], None),
        ("C-reactive", ["C", "D"], "no text"),
        ("Vitamin\nC", ["Vitamin C", "Vitamin D"], "no text"),
    ],
)
def test_a_text_is_found_whole_or_not(reply: str, options: list[str], index: int | str | None) -> None:
    assert _index(reply, options) == index


def test_a_text_tells_where_it_ends() -> None:
    tokens = tokenize("Vitamin C, they say")
    assert Texts(["Vitamin C"], tokens).at(0, Phrases(tokens)) == Text(0, 2)
    assert not Texts(None, tokens)
    assert Texts(["x"], tokens)
