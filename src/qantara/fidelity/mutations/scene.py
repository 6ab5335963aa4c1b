"""What a fault is made in, and what it is: one field read on both sides, and a replacement in the original of its target."""

from dataclasses import dataclass
from typing import NamedTuple

from qantara.fidelity.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One field of a pair: its name (see `records.text_fields`), the kind of its record, both readings, other pairs' targets."""

    field: str
    kind: str
    source: Reading
    target: Reading
    others: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the target as it stands."""
        return self.target.folded.original


class Edit(NamedTuple):
    """Characters `start` up to, not including, `end` of the target's original, and what takes their place."""

    start: int
    end: int
    after: str

    def applied(self, text: str) -> str:
        """Return the text with the replacement made."""
        return text[: self.start] + self.after + text[self.end :]


def replaced(reading: Reading, start: int, end: int, after: str) -> Edit:
    """Return the edit that puts `after` in place of a span of the folded text."""
    span = reading.span(start, end)
    return Edit(span.start, span.end, after)


def deleted(reading: Reading, start: int, end: int, kept: str = "") -> Edit:
    """Return the edit that takes a span of the folded text out, and one space with it; `kept` is glued to what follows."""
    span = reading.span(start, end)
    text = reading.folded.original
    first, last = span.start, span.end
    if text[last : last + 1].isspace() and (kept or not first or text[first - 1].isspace()):
        last += 1
    elif not kept and first and text[first - 1].isspace():
        first -= 1
    return Edit(first, last, kept)


def reversed_pair(reading: Reading, first: tuple[int, int], second: tuple[int, int]) -> Edit:
    """Return the edit that exchanges two spans of the folded text, the first of which ends before the second starts."""
    between = reading.quote(first[1], second[0]) if second[0] > first[1] else ""
    return replaced(reading, first[0], second[1], reading.quote(*second) + between + reading.quote(*first))
