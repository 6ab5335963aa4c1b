"""Looks at the tokens of a reply, its ends included."""

from qantara.evaluate.extracting.answer_phrases import Phrases
from qantara.evaluate.extracting.option_labels import Labels
from qantara.evaluate.extracting.option_texts import Texts
from qantara.evaluate.extracting.reading import Reading
from qantara.evaluate.extracting.reply_text import CLOSERS, LINE_END, tokenize


def test_a_reading_looks_at_tokens_and_beyond_its_ends() -> None:
    tokens = tokenize("The answer (B)).")
    reading = Reading(tokens, Phrases(tokens), Labels(["A", "B"]), Texts(None, tokens))
    assert (reading.text(-1), reading.text(1), reading.text(99)) == ("", "answer", LINE_END)
    assert reading.has(1, "link", "answer")
    assert not reading.has(1, "link")
    assert not reading.has(99, "link")
    assert reading.behind(4, CLOSERS) == 6
    assert reading.clause_ends(6)
    assert reading.clause_ends(4)
    assert not reading.clause_ends(1)
