"""Statements in words, and what takes them back."""

import pytest

from qantara.evaluate.extracting.answer_phrases import Phrases
from qantara.evaluate.extracting.answer_statements import findings, statements
from qantara.evaluate.extracting.option_labels import Labels
from qantara.evaluate.extracting.option_texts import Texts
from qantara.evaluate.extracting.reading import Reading
from qantara.evaluate.extracting.reply_text import tokenize


def _reading(text: str) -> Reading:
    tokens = tokenize(text)
    options = ["Aspirin", "Ibuprofen", "Omeprazole", "Metformin"]
    return Reading(tokens, Phrases(tokens), Labels(["A", "B", "C", "D"]), Texts(options, tokens))


def _stated(text: str, *, strong: bool = True) -> list[int | None]:
    return [one.choice.index for one in statements(_reading(text), frozenset()) if one.is_strong == strong]


@pytest.mark.parametrize(
    "text",
    [
        "The answer is C",
        "the correct option: C",
        "I'd go with C",
        "So C.",
        "not B but C",
        "الجواب الصحيح هو ج",
        "إذن ج",
        "La réponse est donc C.",
        "C is the right answer",
        "الخيار ج هو الإجابة الصحيحة",
        "Answer\nC",
        "The third option is the right answer",
    ],
)
def test_a_statement_about_the_answer_is_strong(text: str) -> None:
    assert set(_stated(text)) == {2}


def test_a_verdict_without_the_answer_is_weak() -> None:
    assert _stated("C is correct.", strong=False) == [2]
    assert _stated("C is correct.") == []
    assert _stated("الخيار ج صحيح.", strong=False) == [2]


@pytest.mark.parametrize(
    "text",
    [
        "The answer is not C",
        "I don't think the answer is C",
        "Is the answer C?",
        "If so she had it, the answer would be C.",
        "So C is out",
        "الإجابة ليست ج",
        "لا أعتقد أن الإجابة ج",
        "هل الإجابة ج؟",
        "some think the answer is C",
        "C is not the answer",
        "option C causes harm",
    ],
)
def test_what_is_denied_asked_or_supposed_is_no_statement(text: str) -> None:
    assert _stated(text) == []
    assert _stated(text, strong=False) == []


def test_the_last_statement_comes_first_and_lists_are_not_announced() -> None:
    assert _stated("The answer is A. The answer is B.") == [1, 0]
    assert list(statements(_reading("Answer: A"), frozenset({2}))) == []


def test_a_finding_names_a_text_if_it_is_called_right() -> None:
    assert [one.index for one in findings(_reading("The most likely cause is ibuprofen."))] == [1]
    assert list(findings(_reading("A rare cause is ibuprofen."))) == []
