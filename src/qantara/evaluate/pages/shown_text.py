"""Text as a page of an evaluation shows it: isolates for numbers and runs of the other direction, invisible characters named.

In: plain text and its language; out: safe HTML. A prompt is laid out line by line with its tokens marked. Markup alone: whether
invisible characters and token edges are seen is the style sheet's business.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup, escape

from qantara.bidi import isolates, text_node
from qantara.languages import INVISIBLE, language, looks_like

_INVISIBLE = re.compile(f"(?:{INVISIBLE.pattern}|[\u00a0\u00ad\t])")
_LEAST_SHARE = {"rtl": 0.1, "ltr": 0.5}
_LINE_END = "<u>\u23ce</u>"
_OTHER_WAY = {"ltr": "rtl", "rtl": "ltr"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model was given. `token_starts` are the characters at which its tokens begin, in order; empty: not known.

    A start that stands twice means that tokens share a character. `special` are spans of special tokens. `answers` are the texts
    that were scored after the prompt, in the options' order; `prefix_id` names what came before it and is shown once ("": nothing).
    """

    text: str
    token_starts: tuple[int, ...] = ()
    special: tuple[tuple[int, int], ...] = ()
    answers: tuple[str, ...] = ()
    prefix_id: str = ""


class Line(NamedTuple):
    """One line of a prompt: its direction, and its tokens as safe HTML, one element a piece of a token."""

    direction: str
    tokens: Markup


@lru_cache(maxsize=4096)  # arms share their texts
def shown(text: str, code: str) -> Markup:
    """Return a text in language `code` as safe HTML with isolates and named invisible characters."""
    return _with_names(text_node(text, code))


def prompt_lines(prompt: Prompt, code: str) -> list[Line]:
    """Return a prompt's lines; one whose letters are of another script than that of language `code` runs the other way."""
    tokens = _Tokens(prompt)
    lines, place = [], 0
    for line in re.findall(r"[^\n]*\n|[^\n]+", prompt.text):
        direction = _line_direction(line, code)
        end = place + len(line)
        special = [(start - place, min(stop, end) - place) for start, stop in prompt.special if place <= start < end]
        apart = sorted([*((first, last, "ltr") for first, last in special), *_isolates(line, direction, special)])
        runs = [_run(line[first:last], place + first, tokens, inner) for first, last, inner in _runs(len(line), apart)]
        lines.append(Line(direction, _with_names(Markup("".join(runs)))))
        place = end
    return lines


class _Tokens:
    """Where a prompt's tokens begin and what is to be said of each."""

    def __init__(self, prompt: Prompt) -> None:
        counts = Counter(prompt.token_starts)
        self.starts = sorted(counts.keys() | {0})
        special = {start for start, _ in prompt.special}
        self._kinds = {
            start: " ".join(filter(None, ("s" * (start in special), "m" * (counts[start] > 1), "o" * (n % 2))))
            if prompt.token_starts
            else "p"
            for n, start in enumerate(self.starts)
        }

    def kinds(self, place: int) -> str:
        """Return the classes of a piece.

        "c" goes on with a token, "s" is special, "m" several tokens in a character, "o" odd, "p" no known token.
        """
        owner = self.starts[bisect_right(self.starts, place) - 1]
        kinds = self._kinds[owner]
        return kinds if owner == place else f"c {kinds}".rstrip()

    def edges(self, start: int, end: int) -> list[int]:
        """Return the places after `start` and before `end` at which a token begins."""
        return self.starts[bisect_right(self.starts, start) : bisect_left(self.starts, end)]


def _line_direction(line: str, code: str) -> str:
    """Return how a line runs; in a language written from the right a few of its letters are enough, as for a label before Latin."""
    direction = language(code).direction
    return direction if looks_like(line, code, _LEAST_SHARE[direction]) else _OTHER_WAY[direction]


def _isolates(line: str, direction: str, special: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """Yield the spans that run against the line and touch no special token, which is one of its own."""
    for start, end in isolates(line, direction):
        if not any(start < stop and first < end for first, stop in special):
            yield start, end, _OTHER_WAY[direction]


def _runs(length: int, apart: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Yield the stretches of a line with their direction, "" for what flows with the line."""
    end = 0
    for start, stop, inner in apart:
        if start > end:
            yield end, start, ""
        yield start, stop, inner
        end = stop
    if end < length:
        yield end, length, ""


def _run(text: str, place: int, tokens: _Tokens, direction: str) -> str:
    """Return a stretch of a line as HTML: plain strings, since a page may hold millions of tokens; `escape` makes them safe."""
    edges = [edge - place for edge in tokens.edges(place, place + len(text))]
    pieces = zip([0, *edges], [*edges, len(text)], strict=True)
    inner = "".join(_piece(text[first:last], tokens.kinds(place + first)) for first, last in pieces)
    return f'<bdi dir="{direction}">{inner}</bdi>' if direction else inner


def _piece(text: str, kinds: str) -> str:
    inner = str(escape(text)).replace("\n", _LINE_END)
    return f'<i class="{kinds}">{inner}</i>' if kinds else f"<i>{inner}</i>"


def _with_names(markup: Markup) -> Markup:
    """Wrap each invisible character of safe HTML; its tags hold none."""
    return Markup(_INVISIBLE.sub(_named, str(markup)))


def _named(found: re.Match[str]) -> str:
    character = found.group()
    name = unicodedata.name(character, "CONTROL CHARACTER")
    return f'<span class="inv" title="{name}" data-code="U+{ord(character):04X}">{character}</span>'


def visible_spaces(texts: Iterable[str]) -> list[str]:
    """Return texts with their outer spaces and line ends as signs, so that " A" and "A" look different."""
    return [re.sub(r"^ +| +$", lambda m: "\u2423" * len(m.group()), text).replace("\n", "\u23ce") for text in texts]
