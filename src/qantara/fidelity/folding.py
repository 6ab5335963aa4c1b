"""Folds a text for reading while it keeps track of where each character came from, so that facts point into the original.

Folding is per character: letters, digits and dashes as in `languages.fold`; invisible marks, tashkeel and tatweel vanish.
Superscripts and vulgar fractions stay as they are, since NFKC would turn 10⁹ into 109.
"""

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from itertools import compress

from qantara.languages import ARABIC_COMMA, DECIMAL_SEPARATOR, THOUSANDS_SEPARATOR, fold

SUPERSCRIPT_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
SUPERSCRIPTS = f"{SUPERSCRIPT_DIGITS}⁺⁻"
VULGAR_FRACTIONS = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
NARROW_SPACE = "\u00a0"  # stands for every space that may stand inside a number
_LINE_ENDS = frozenset("\n\r\x0b\x0c\x85\u2028\u2029")
_KEPT = frozenset(SUPERSCRIPTS + VULGAR_FRACTIONS + ARABIC_COMMA + DECIMAL_SEPARATOR + THOUSANDS_SEPARATOR)
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"
_OWN = (
    dict.fromkeys(_DASHES, "-")
    | dict.fromkeys("\u00a0\u202f\u2009\u2007", NARROW_SPACE)
    | dict.fromkeys("\u2019\u2018\u02bc\u00b4", "'")
    | {"\u2044": "/", "\u2215": "/", "º": "°", "˚": "°", "⩽": "≤", "⩾": "≥", "≦": "≤", "≧": "≥"}
)
_COMBINING = re.compile("[\u0300-\u036f]")
_MOST_CHARACTERS_KNOWN = 20_000


class _Folds(dict[str, str]):
    """Maps a character to what it folds to; grows by what is met."""

    def __missing__(self, character: str) -> str:
        if len(self) > _MOST_CHARACTERS_KNOWN:
            self.clear()
        self[character] = folded = _fold_character(character)
        return folded


def _fold_character(character: str) -> str:
    if character in _OWN:
        return _OWN[character]
    if character in _KEPT:
        return character
    if character.isspace():
        return "\n" if character in _LINE_ENDS else " "
    return fold(character)


_FOLDS = _Folds()


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; `places[i]` is the place of its character i in the original, None when nothing moved."""

    text: str
    places: list[int] | None
    original: str

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in the original of the folded characters `start` up to, not including, `end`."""
        end = min(end, len(self.text))
        start = min(start, end)
        if self.places is None:
            return start, end
        if start == end:
            place = self.places[start] if start < len(self.places) else len(self.original)
            return place, place
        return self.places[start], self.places[end - 1] + 1

    def quote(self, start: int, end: int) -> str:
        """Return the original's characters of a span of the folded text."""
        first, last = self.span(start, end)
        return self.original[first:last]

    def place_of(self, original_place: int) -> int:
        """Return the folded place of the first character that came from `original_place` or after it."""
        if self.places is None:
            return original_place
        return bisect_right(self.places, original_place - 1)


def fold_with_places(text: str) -> Folded:
    """Return `text` folded for reading; never raises, whatever the characters."""
    pieces = list(map(_FOLDS.__getitem__, text))
    if _COMBINING.search(text):
        pieces = _composed(pieces)
    folded = "".join(pieces)
    if len(folded) == len(text) and "" not in pieces:
        return Folded(folded, None, text)
    if len(folded) == len(pieces) - pieces.count(""):
        return Folded(folded, list(compress(range(len(pieces)), pieces)), text)
    return Folded(folded, [i for i, piece in enumerate(pieces) for _ in piece], text)


def _composed(pieces: list[str]) -> list[str]:
    """Return the pieces with each combining mark joined to the letter before it, where Unicode has a letter for both."""
    made = list(pieces)
    last = -1
    for i, piece in enumerate(pieces):
        if last >= 0 and piece and _COMBINING.match(piece):
            joined = unicodedata.normalize("NFC", made[last] + piece)
            if len(joined) == len(made[last]):
                made[last], made[i] = joined, ""
                continue
        if piece:
            last = i
    return made
