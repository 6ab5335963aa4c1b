"""Reads the unit that stands right after a number, by a lexicon of spellings (`lexicons/units.tsv`).

A unit is a name such as "mg", with dose denominators "mg/kg" or "/mcL"; times in a denominator ("/day") are left out, since
languages say them in too many ways. The longest spelling wins: in Arabic mg, mL and mm differ by a letter.
"""

import re
from dataclasses import dataclass
from functools import cache

from qantara.fidelity.lexicon import rows

_MOST_DENOMINATORS = 3


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit's name ("" for none), its family ("dose", "time", "") and how many characters of the folded text it took."""

    name: str
    family: str
    length: int


@cache
def _spellings(language: str) -> dict[str, tuple[str, str]]:
    found = [row for row in rows("units") if row["language"] == language]
    return {row["spelling"]: (row["unit"], row["family"]) for row in found}


@cache
def _pattern(language: str, separators: bool) -> re.Pattern[str]:
    """Return a pattern of one unit at the start of a folded text: after a space or hyphen, before no letter or digit."""
    chosen = [text for text, (_, family) in _spellings(language).items() if (family == "per") == separators]
    ordered = sorted(chosen, key=len, reverse=True)
    boundary = "" if separators else r"(?!(?<=\w)\w)"
    return re.compile(rf"\s?-?\s?({'|'.join(map(re.escape, ordered)) or '(?!)'}){boundary}")


def is_unit(word: str, language: str) -> bool:
    """Tell whether a folded word is a unit's spelling."""
    return word in _spellings(language)


def unit_at_start(folded: str, language: str) -> Unit:
    """Return the unit that `folded` (the text after a number) begins with, denominators included."""
    names = _spellings(language)
    match = _pattern(language, False).match(folded)
    name, family, position = "", "", 0
    if match:
        (name, family), position = names[match[1]], match.end()
    for _ in range(_MOST_DENOMINATORS):
        separator = _pattern(language, True).match(folded, position)
        below = _pattern(language, False).match(folded, separator.end()) if separator else None
        if below is None:
            break
        position = below.end()
        below_name, below_family = names[below[1]]
        if below_family == "dose":
            name, family = f"{name}/{below_name}", "dose"
    return Unit(name, family, position)
