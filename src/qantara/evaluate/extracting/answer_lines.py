"""Reads the lines of a reply that are an answer by their form: a label alone, a label and a text, an option's text alone.

A line of a list is none: where a reply repeats the options, or goes through them one by one, neighboring lines (or parts of one
line) have neighboring labels.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from qantara.evaluate.extracting.answer_groups import Choice, read_choice, read_label
from qantara.evaluate.extracting.reading import Reading
from qantara.evaluate.extracting.reply_text import BULLETS, CLOSERS, COMMAS, DASHES, LINE_END, OPENERS, SENTENCE_ENDS

_SEPARATORS = frozenset(")]}.:(") | DASHES


class Line(NamedTuple):
    """A line: tokens `first` to before `end`, no bullets, and the label or labels that begin it; `is_bare`: nothing else."""

    first: int
    end: int
    choice: Choice | None
    is_bare: bool


def lines(reading: Reading) -> list[Line]:
    """Return the lines that hold something, in order."""
    ends = [i for i, token in enumerate(reading.tokens) if token.text == LINE_END] + [len(reading.tokens)]
    begins = [0, *(end + 1 for end in ends)]
    return [_line(reading, begin, end) for begin, end in zip(begins, ends, strict=False) if end > begin]


def listed(found: Sequence[Line]) -> frozenset[int]:
    """Return the labels (tokens) that begin a line of a list: the label line before or after has the label before or after."""
    labeled = [line.choice for line in found if line.choice is not None and line.choice.index is not None]
    members: set[int] = set()
    for one, other in pairwise(labeled):
        if one.index is not None and other.index == one.index + 1:
            members |= {one.first, other.first}
    return frozenset(members)


def stated_by_line(line: Line, members: frozenset[int]) -> Choice | None:
    """Return what a line names by its label, if it isn't of a list."""
    return line.choice if line.choice is not None and line.choice.first not in members else None


def text_of_line(reading: Reading, line: Line, *, opening: bool) -> Choice | None:
    """Return the option whose text a line is; `opening`: or with which it begins, a comma or full stop behind it."""
    choice = read_choice(reading, line.first)
    if choice is None or not choice.is_text:
        return None
    end = reading.behind(choice.end, CLOSERS | frozenset(".!"))
    return choice if end >= line.end or (opening and _is_said(reading, choice)) else None


def _is_said(reading: Reading, choice: Choice) -> bool:
    sign = reading.text(choice.end)
    return sign in COMMAS or sign in SENTENCE_ENDS or sign in DASHES or sign == ":"


def _line(reading: Reading, begin: int, end: int) -> Line:
    first = begin
    while first < end - 1 and (reading.text(first) in BULLETS or reading.text(first) in OPENERS):
        first += 1
    named = first
    while named < end - 1 and reading.has(named, "option", "both") and named < first + 3:
        kinds = reading.phrases.at(named)
        named = reading.behind(named + kinds.get("option", kinds.get("both", 1)), frozenset(":"))
    choice = read_label(reading, named, numbers=named > first)
    if choice is None or choice.first >= end:
        return Line(first, end, None, False)
    is_bare = reading.behind(choice.first + 1, CLOSERS | frozenset(".:\u060c,;!")) >= end or choice.index is None
    if not is_bare and not _has_text(reading, choice, end):
        choice = None
    return Line(first, end, choice, is_bare)


def _has_text(reading: Reading, choice: Choice, end: int) -> bool:
    """Tell whether a label and a separator begin a line, and no list of options goes on in it."""
    sign = choice.first + 1
    if reading.text(sign) not in _SEPARATORS:
        return False
    for place in range(sign + 1, end - 1):
        is_letter = len(reading.text(place)) == 1 and reading.tokens[place].kind == "word"
        if is_letter and reading.text(place + 1) in ")." and reading.labels.at(reading.tokens[place]):
            return False
        if is_letter and reading.tokens[place].is_upper and reading.text(place + 1) == ":":
            return False
    return True
