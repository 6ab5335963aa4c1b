"""A letter that is part of a name or sentence is no label."""

import pytest

from qantara.evaluate.extracting.answer_phrases import Phrases
from qantara.evaluate.extracting.label_boundaries import is_denied, is_glued, label_is_whole
from qantara.evaluate.extracting.option_labels import Label, Labels
from qantara.evaluate.extracting.option_texts import Texts
from qantara.evaluate.extracting.reading import Reading
from qantara.evaluate.extracting.reply_text import tokenize

LABELS = ["A", "B", "C", "D"]
OPTIONS = ["Aspirin", "B cells", "cells", "Metformin"]


def _reading(text: str, options: list[str] | None = None) -> Reading:
    tokens = tokenize(text)
    return Reading(tokens, Phrases(tokens), Labels(LABELS), Texts(options, tokens))


def _is_whole(text: str, options: list[str] | None = None) -> bool:
    reading = _reading(text, options)
    label = reading.labels.at(reading.tokens[0])
    assert isinstance(label, Label)
    return label_is_whole(reading, 0, 1, label, bracketed=False)


@pytest.mark.parametrize(
    "text", ["B", "B.", "B, since", "B because", "B. Ibuprofen", "b", "C) difficile", "ب، لأن", "B (Ibuprofen)", "A is"]
)
def test_a_letter_before_a_separator_or_a_reason_is_a_label(text: str) -> None:
    assert _is_whole(text)


@pytest.mark.parametrize(
    "text",
    [
        "C-reactive",
        "C. difficile",
        "A 45-year-old",
        "B cells",
        "C'est",
        "B?",
        "A is wrong",
        "A.C.E.",
        "د% ",
        "A. x, B. y, C. z",
        "ب غير صحيح",
    ],
)
def test_a_letter_of_a_name_or_sentence_is_no_label(text: str) -> None:
    assert not _is_whole(text)


def test_a_letter_before_its_own_option_text_is_a_label() -> None:
    assert _is_whole("C cells", OPTIONS)
    assert not _is_whole("D cells", OPTIONS)


def test_signs_that_glue_and_words_that_deny() -> None:
    assert is_glued(_reading("B-type"), 1)
    assert not is_glued(_reading("B - type"), 1)
    assert not is_glued(_reading("ب-نص"), 1)
    assert is_denied(_reading("is not right"), 0)
    assert is_denied(_reading("خاطئة"), 0)
    assert not is_denied(_reading("is right"), 0)
