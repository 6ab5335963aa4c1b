"""Text of any direction into HTML that no browser can reorder: numbers, Latin runs and doses are isolated, spans are marked.

In right-to-left text every number is an isolate of its own, so a range runs right to left whatever stands before it (without
isolates the order of 5-10 depends on the preceding letter); 150/95, 2.5 and 38.5 C stay whole. All text is escaped here.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from markupsafe import Markup, escape

from qantara.languages import DECIMAL_SEPARATOR, THOUSANDS_SEPARATOR, language, looks_like


class Mark(NamedTuple):
    """The characters `start` to `end` of a text, and why they are marked: "new", "info", "warn" or "fail"."""

    start: int
    end: int
    kind: str


_LEAST_SHARE = 0.1
_STRENGTH = ("", "new", "info", "warn", "fail")

# The patterns below see one class letter for each character: L and R letters by direction, E European and A Arabic digits,
# M combining marks; everything else stands for itself.
_CLASSES = {"L": "L", "R": "R", "AL": "R", "EN": "E", "AN": "A", "NSM": "M"}
_EUROPEAN = r"E+(?:[.,/:]E+)*"
_RANGE = rf"{_EUROPEAN}(?: ?[-\u2013] ?{_EUROPEAN})*"
_SIGN = r"(?:[<>\u2264\u2265~] ?|\u00b1|(?<![LREA.)%])[+\-\u2212])?"
_WORD = r"L[LEM]*(?:\+(?![LE]))?"
_LATIN = rf"{_WORD}(?:(?:\. |[ \-\u2013/.'+&\u00b7\u00d7]){_WORD}|[-\u2013]E+)*"
_MEASURE = rf"{_SIGN}{_RANGE} ?[%\u00b0]?[ -]?{_LATIN}"
_IN_RIGHT_TO_LEFT = re.compile(rf"{_MEASURE}|{_LATIN}|{_SIGN}{_EUROPEAN}%?|A+(?:[.,/:]A+)*")
_IN_LEFT_TO_RIGHT = re.compile(rf"(?:{_RANGE} ?)?[RA](?:[^L\n()\[\]\"']*[RA])?M*")
_OTHER_WAY = {"ltr": "rtl", "rtl": "ltr"}


def text_node(text: str, code: str, marks: Iterable[Mark] = ()) -> Markup:
    """Return a text in language `code` as safe HTML with isolates and marks; the element around it must carry its direction.

    A text with hardly a letter of the language's script (a translation that stayed English) is one isolate of its own direction.
    """
    direction = language(code).direction
    if looks_like(text, code, _LEAST_SHARE):
        return _render(text, direction, _painted(text, marks))
    other = _OTHER_WAY[direction]
    inner = _render(text, other, _painted(text, marks))
    return Markup('<bdi dir="{}">{}</bdi>').format(other, inner)


def find_span(text: str, span: str) -> tuple[int, int] | None:
    """Return where `span` stands in `text`, by preference not inside a longer number or word; None when it is not there."""
    if not span:
        return None
    whole = re.search(rf"(?<!\w){re.escape(span)}(?!\w)", text)
    start = whole.start() if whole else text.find(span)
    return None if start < 0 else (start, start + len(span))


def isolates(text: str, direction: str) -> list[tuple[int, int]]:
    """Return the spans that run against `direction`, or would be moved by it, in order and without overlap."""
    pattern = _IN_RIGHT_TO_LEFT if direction == "rtl" else _IN_LEFT_TO_RIGHT
    return [match.span() for match in pattern.finditer("".join(map(_class_of, text)))]


def _class_of(character: str) -> str:
    if character == DECIMAL_SEPARATOR:
        return "."
    if character == THOUSANDS_SEPARATOR:
        return ","
    return _CLASSES.get(unicodedata.bidirectional(character), character)


def _painted(text: str, marks: Iterable[Mark]) -> list[str]:
    kinds = [""] * len(text)
    for mark in sorted(marks, key=lambda mark: _STRENGTH.index(mark.kind)):
        kinds[mark.start : mark.end] = [mark.kind] * (mark.end - mark.start)
    return kinds


def _render(text: str, direction: str, kinds: Sequence[str]) -> Markup:
    """Return escaped text with isolates; a mark that touches an isolate covers all of it, so that no number is cut in two."""
    owner = [-1] * len(text)  # where the isolate of a character starts; -1 for a character that flows with the text
    kinds = list(kinds)
    for start, end in isolates(text, direction):
        owner[start:end] = [start] * (end - start)
        kinds[start:end] = [max(kinds[start:end], key=_STRENGTH.index)] * (end - start)
    parts: list[Markup] = []
    for kind, marked in groupby(range(len(text)), key=kinds.__getitem__):
        inner = Markup("").join(
            _piece(text[group[0] : group[-1] + 1], direction, isolated=start >= 0)
            for start, group in ((key, list(found)) for key, found in groupby(marked, key=owner.__getitem__))
        )
        parts.append(Markup('<mark class="{}">{}</mark>').format(kind, inner) if kind else inner)
    return Markup("").join(parts)


def _piece(text: str, direction: str, *, isolated: bool) -> Markup:
    if not isolated:
        return escape(text)
    other = _OTHER_WAY[direction]
    inner = _render(text, other, [""] * len(text)) if other == "rtl" else escape(text)
    return Markup('<bdi dir="{}">{}</bdi>').format(other, inner)
