"""Reads the answers that a reply marks for a machine: a JSON member ("answer": "B"), a LaTeX box, an <answer> tag.

Yields them as places of the reply and the text inside; what the text names is read like any other (`answer_groups`).
"""

import json
import re
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from qantara.evaluate.extracting.answer_phrases import json_keys

_LONGEST_VALUE = 300  # characters
_MEMBER = re.compile(
    r"[\"']([^\"'\n:{}]{1,40})[\"']\s{0,8}:\s{0,8}"
    r"(\"(?:[^\"\\\n]|\\.){0,300}\"|'[^'\n]{0,300}'|\[[^\[\]]{0,300}\]|[\w.]{1,40})"
)
_TAG = re.compile(r"<answer>([^<]{0,300})</answer>", re.IGNORECASE)
_BOX = re.compile(r"\\boxed\s?\{")
_LAST_MARKS = 8  # of a kind are read: the last one counts, the others only if it names nothing


class Marked(NamedTuple):
    """A marked answer: its text, the place of the text in the reply, and the tier."""

    text: str
    start: int
    end: int
    tier: str


def marked_answers(reply: str, start: int, end: int) -> Iterator[Marked]:
    """Yield the last marked answers of a part of a reply, tier by tier."""
    members = (match for match in _MEMBER.finditer(reply, start, end) if _is_key(match[1]))
    for match in deque(members, maxlen=_LAST_MARKS):
        yield Marked(_value(match[2]), *match.span(2), "json")
    for match in deque(_TAG.finditer(reply, start, end), maxlen=_LAST_MARKS):
        yield Marked(match[1], *match.span(1), "tag")
    for match in deque(_BOX.finditer(reply, start, end), maxlen=_LAST_MARKS):
        close = _closing_brace(reply, match.end(), min(end, match.end() + _LONGEST_VALUE))
        if close is not None:
            yield Marked(reply[match.end() : close], match.end(), close, "boxed")


def _is_key(written: str) -> bool:
    return " ".join(written.casefold().split()) in json_keys()


def _value(written: str) -> str:
    """Return a JSON string's text; a value that is none as written."""
    if not written.startswith('"'):
        return written.strip("'")
    try:
        return str(json.loads(written))
    except ValueError:
        return written.strip('"')


def _closing_brace(reply: str, place: int, end: int) -> int | None:
    depth = 1
    for i in range(place, end):
        depth += {"{": 1, "}": -1}.get(reply[i], 0)
        if depth == 0:
            return i
    return None
