"""Cuts a model's reply into tokens that keep their places: words folded for matching, numbers whole, signs, ends of lines.

Markdown emphasis, LaTeX commands, HTML tags, emoji and invisible marks are no tokens. Also finds what of a reply is to be read:
what a reasoning model thinks is not its answer. No label and no phrase is known here (`option_labels`, `answer_phrases`). Time is
linear in the reply.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from qantara.languages import INVISIBLE, fold

LINE_END = "\n"
OPENERS = frozenset("([{<«\"'\u201c\u2018\u201e$")
CLOSERS = frozenset(")]}>»\"'\u201d\u2019$")
SENTENCE_ENDS = frozenset(".!?;\u061f\u061b\n")
QUESTION_MARKS = frozenset("?\u061f")
COMMAS = frozenset(",\u060c")
DASHES = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212")
JOINTS = DASHES | frozenset(":=\u2192>|")
SEPARATORS = frozenset(")]}.:/") | DASHES  # between a label and its text
BULLETS = DASHES | frozenset(">#|\u2022\u00b7+")

_MARKS = "\u0300-\u036f\u0640\u064b-\u065f\u0670\u06d6-\u06ed" + INVISIBLE.pattern[1:-1]
_ORNAMENTS = "\u2600-\u2712\u2714\u2728-\u274b\u27a1\ufe0f\U0001f300-\U0001faff"  # crosses say that something is wrong, so not they
_TOKEN = re.compile(
    rf"(?P<skip>[*`_~{_ORNAMENTS}]"
    r"|\\[a-zA-Z]{1,20}|\\.|</?[a-zA-Z]{1,20}\s?/?>|" + INVISIBLE.pattern + ")"
    r"|(?P<number>\d+(?:[.,\u066b\u066c]\d+)*)"
    rf"|(?P<word>[^\W\d_][^\W_{_MARKS}]*(?:[{_MARKS}]+[^\W_{_MARKS}]*)*)"
    r"|(?P<line>\n)|(?P<sign>\S)"
)
_CLOSED_THOUGHT = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_OPEN_THOUGHT = re.compile(r"<(?:think|thinking|thought|reasoning)>", re.IGNORECASE)


class Token(NamedTuple):
    """A word, number, sign or line end. `text` is folded, `start` and `end` its place in the reply as given.

    `kind` is "word", "number", "sign" or "line"; `is_upper` tells a word in capitals; `spaced` one that touches none before it.
    """

    text: str
    start: int
    end: int
    kind: str
    is_upper: bool
    spaced: bool


def answer_window(reply: str) -> tuple[int, int]:
    """Return where the answer stands: behind the last thought that is closed, before the first one after it that is not."""
    start = 0
    for match in _CLOSED_THOUGHT.finditer(reply):
        start = match.end()
    still_open = _OPEN_THOUGHT.search(reply, start)
    return start, still_open.start() if still_open else len(reply)


def tokenize(reply: str, start: int = 0, end: int | None = None) -> list[Token]:
    """Return the tokens of `reply[start:end]`, with places in the whole reply."""
    found: list[Token] = []
    last_end = start - 1
    for match in _TOKEN.finditer(reply, start, len(reply) if end is None else end):
        kind = str(match.lastgroup)
        if kind == "skip":
            continue
        text, is_upper = _folded(match[0])
        found.append(Token(text, match.start(), match.end(), kind, is_upper, match.start() > last_end))
        last_end = match.end()
    return found


@lru_cache(maxsize=65536)
def _folded(written: str) -> tuple[str, bool]:
    if written == LINE_END:
        return written, False
    text = fold(written)
    return "'" if text == "\u2019" else text, INVISIBLE.sub("", written).isupper()
