"""Matches the numbers of two texts one to one; what is left over is for `numbers` to judge.

Covers numbers that one side writes in one piece and the other in two ("10 000", a list comma used as separator, a list "1,6").
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from qantara.fidelity.quantities import Quantity
from qantara.languages import ARABIC_COMMA

Pairs = list[tuple[Quantity, Quantity]]
_THOUSAND_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Join:
    """A number of one side that the other writes as two, with a separator between them."""

    whole: Quantity
    parts: tuple[Quantity, Quantity]
    separator: str


def match_quantities(source: list[Quantity], target: list[Quantity]) -> tuple[Pairs, list[Quantity], list[Quantity]]:
    """Match equal values one to one, equal units first; return the matches and what is left of each side."""
    free_source, free_target = list(source), list(target)
    matched: Pairs = []
    tests: tuple[Callable[[Quantity, Quantity], bool], ...] = (
        lambda a, b: a.unit.name == b.unit.name and a.is_name == b.is_name,
        lambda a, b: not (a.unit.name and b.unit.name),
        lambda a, b: True,
    )
    for alike in tests:
        for a in list(free_source):
            b = next((other for other in free_target if a.value == other.value and alike(a, other)), None)
            if b is not None:
                free_source.remove(a)
                free_target.remove(b)
                matched.append((a, b))
    return matched, free_source, free_target


def take_joined(wholes: list[Quantity], parts: list[Quantity], parts_text: str) -> list[Join]:
    """Take out of both lists each number of `wholes` that stands in `parts_text` as two neighbors of `parts`; return them."""
    found = []
    for whole in list(wholes):
        for neighbors in pairwise(parts):
            separator = parts_text[neighbors[0].end : neighbors[1].start]
            if separator in (ARABIC_COMMA, " ", ",") and _reads_as(neighbors, separator, whole.value, parts_text):
                found.append(Join(whole, neighbors, separator))
                wholes.remove(whole)
                for part in neighbors:
                    parts.remove(part)
                break
    return found


def _reads_as(parts: tuple[Quantity, Quantity], separator: str, value: Decimal, text: str) -> bool:
    digits = [text[part.start : part.end] for part in parts]
    if not all(part.isdigit() for part in digits):
        return False
    if len(digits[1]) == _THOUSAND_DIGITS and Decimal("".join(digits)) == value:
        return True
    return separator == ARABIC_COMMA and Decimal(".".join(digits)) == value
