"""Rules on what must come through a translation untouched: URLs, addresses, placeholders, formulas."""

import re
from collections import Counter
from collections.abc import Iterable

from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair

_SIGNS = ("http", "www.", "@", "{", "%(", "%s", "%d", "$$", "[[", "<", "10.", "doi")
_VERBATIM = re.compile(
    r"https?://[^\s<>\"')\]\u060c\u061b]+|www\.[^\s<>\"')\]\u060c\u061b]+|[\w.+-]+@[\w-]+\.[\w.]+|\b10\.\d{4,9}/[^\s\"'<>]+"
    r"|\{\{?\s*\w*\s*\}?\}|\[\[\w+\]\]|%\(\w+\)[sd]|%[sd]\b|\$\w+\{[^}]*\}|\$\$[^$]+\$\$|</?[a-zA-Z][\w-]*>"
)
_END = ".,;:!?/"


@rule("verbatim.lost", severity="fail", why="A link, address or placeholder that is changed no longer works.")
def lost(pair: TextPair) -> Iterable[Match]:
    """Find what must stay as it is and is not in the target."""
    if not any(sign in pair.source for sign in _SIGNS):
        return
    theirs = Counter(_pieces(pair.target))
    folded = pair.source_reading.folded
    for match in _VERBATIM.finditer(pair.source):
        piece = match[0].rstrip(_END)
        if theirs[piece]:
            theirs[piece] -= 1
        elif piece not in pair.target:
            place = folded.place_of(match.start()), folded.place_of(match.start() + len(piece))
            yield Match(f"{piece} is not in the translation as it stands", place, None, piece)


@rule("verbatim.added", severity="warn", why="A link or placeholder that the source has not.")
def added(pair: TextPair) -> Iterable[Match]:
    """Find links and placeholders that were made up."""
    if not any(sign in pair.target for sign in _SIGNS):
        return
    folded = pair.target_reading.folded
    for match in _VERBATIM.finditer(pair.target):
        piece = match[0].rstrip(_END)
        if piece not in pair.source:
            place = folded.place_of(match.start()), folded.place_of(match.start() + len(piece))
            yield Match(f"{piece} is not in the source", None, place, "", piece)


def _pieces(text: str) -> list[str]:
    return [match[0].rstrip(_END) for match in _VERBATIM.finditer(text)]


RULES = (lost, added)
