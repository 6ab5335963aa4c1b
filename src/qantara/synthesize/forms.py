"""Which forms of dialogue an item gets: one language all through, or a change of language in mid-dialogue.

A form is drawn by a hash of the item's id and the seed, so adding items changes no draw. Nothing is asked of a model here.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

from qantara.records import Example

SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Form:
    """The languages of a dialogue in order: one code, or the two that a switching dialogue begins and ends in.

    `record_language` is the language that the record is counted under.
    """

    languages: tuple[str, ...]
    record_language: str

    @property
    def name(self) -> str:
        """Return the form's name in a summary: a language code or "switch"."""
        return SWITCH if len(self.languages) > 1 else self.languages[0]

    @property
    def first(self) -> str:
        """Return the language of the opening."""
        return self.languages[0]

    @property
    def last(self) -> str:
        """Return the language of the advice."""
        return self.languages[-1]


@dataclass(frozen=True, slots=True)
class Order:
    """One dialogue to be made: an item and a form."""

    item: Example
    form: Form


def forms_of(
    record_id: str, shares: Mapping[str, float], mean_forms: float, direction: tuple[str, str], seed: int
) -> tuple[Form, ...]:
    """Return an item's different forms: `mean_forms` of them on average, drawn in proportion to `shares` without putting back.

    A switching dialogue goes from the source to the target language of `direction` or the other way round, with equal chance;
    either way its record counts as the target language's.
    """
    whole = math.floor(mean_forms)
    count = whole + (_draw(seed, record_id, "more") < mean_forms - whole)
    wanted = [name for name, share in shares.items() if share > 0]
    # the smallest of -log(u)/share is a weighted draw, and the next smallest the next one (Efraimidis and Spirakis 2006)
    ranked = sorted(wanted, key=lambda name: -math.log(1 - _draw(seed, record_id, name)) / shares[name])
    return tuple(_form(name, record_id, direction, seed) for name in ranked[:count])


def _form(name: str, record_id: str, direction: tuple[str, str], seed: int) -> Form:
    if name != SWITCH:
        return Form((name,), name)
    source, target = direction
    forward = _draw(seed, record_id, "direction") < 1 / 2
    return Form((source, target) if forward else (target, source), target)


def _draw(seed: int, record_id: str, purpose: str) -> float:
    """Return a number from 0 up to, not including, 1 that follows from its arguments alone."""
    digest = hashlib.blake2b(f"{seed}/{record_id}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
