"""Reads the unit that stands right after a number, or right before it, by a lexicon of spellings (`lexicons/units.tsv`).

A unit is a name such as "mg", with the dose denominators "mg/kg" or "/mcL"; times in a denominator ("/day") are kept apart, since
languages say them in too many ways. The longest spelling wins: in Arabic mg, mL and mm differ by a letter.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from qantara.fidelity.folding import SUPERSCRIPT_DIGITS, fold_with_places
from qantara.fidelity.lexicon import rows
from qantara.fidelity.vocabulary import clitics

_SPACES = " \u00a0"
_MOST_DENOMINATORS = 3
_LONGEST_UNIT = 48
_SUPERSCRIPTS = frozenset(SUPERSCRIPT_DIGITS)
_PLAIN_DIGITS = str.maketrans(SUPERSCRIPT_DIGITS, "0123456789")
_HEAD = re.compile(r"[ \u00a0]{0,3}(°? ?[^\W\d_]+|[%\u2030\u0609\u060a°])")
_NO_UNIT_BEGINS = frozenset({"", ".", ",", ";", ":", ")", "\n", "(", "]"})


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit's name ("" for none), its family ("dose", "time", ...), the time it is per, and how many characters it took."""

    name: str = ""
    family: str = ""
    period: str = ""
    length: int = 0


NO_UNIT = Unit()


@dataclass(frozen=True, slots=True)
class _Spelling:
    rest: str
    name: str
    family: str
    is_sign: bool


@cache
def _spellings(language: str) -> dict[str, tuple[_Spelling, ...]]:
    """Return the spellings by their first word, the longest first; signs that are units only after a number included."""
    found: dict[str, list[_Spelling]] = {}
    families = {row["unit"]: row["family"] for row in rows("units")}
    signs = [row | {"family": families[row["unit"]], "why": row["why"]} for row in rows("unit_signs")]
    for row in (*rows("units"), *signs):
        if row["language"] != language or row["family"] == "per":
            continue
        spelling = _plain(fold_with_places(row["spelling"]).text)
        head = _HEAD.match(spelling)
        if head:
            found.setdefault(head[1], []).append(
                _Spelling(spelling[head.end() :], row["unit"], row["family"], "why" in row)
            )
    return {head: tuple(sorted(set(ways), key=lambda way: -len(way.rest))) for head, ways in found.items()}


@cache
def _separating(language: str) -> tuple[str, ...]:
    """Return what stands between a unit and what it is divided by ("/", "per"), the longest first."""
    chosen = {row["spelling"] for row in rows("units") if row["family"] == "per" and row["language"] == language}
    return tuple(sorted(chosen, key=lambda spelling: (-len(spelling), spelling)))


@cache
def _separators(language: str) -> re.Pattern[str]:
    """Return the pattern of a separator with the spaces around it."""
    words = "|".join(map(re.escape, _separating(language)))
    return re.compile(rf"[ \u00a0]?(?:{words or '(?!)'})[ \u00a0]?(?:/[ \u00a0]?)?")


@cache
def factors() -> dict[str, tuple[str, Decimal, Decimal]]:
    """Return for each unit that can be converted its dimension, factor and offset to the dimension's base."""
    return {
        row["unit"]: (row["dimension"], Decimal(row["factor"]), Decimal(row["offset"]))
        for row in rows("unit_values")
        if row["factor"] != "-"
    }


def converted(value: Decimal, unit: str) -> tuple[str, Decimal] | None:
    """Return the dimension and the value in its base unit, None for a unit that is not converted."""
    found = factors().get(unit)
    if found is None:
        return None
    dimension, factor, offset = found
    return dimension, value * factor + offset


def is_unit(word: str, language: str) -> bool:
    """Tell whether a folded word is a unit's whole spelling."""
    return any(not way.rest for way in _spellings(language).get(word, ()))


def has_unit(word: str, name: str, language: str) -> bool:
    """Tell whether a folded word, prefixes allowed, is the whole spelling of the unit `name`."""
    table = _spellings(language)
    forms = [word, *(word[len(prefix) :] for prefix in clitics(language) if word.startswith(prefix))]
    return any(way.name == name and not way.rest for form in forms for way in table.get(form, ()))


def unit_after(text: str, place: int, language: str) -> Unit:
    """Return the unit that the folded `text` goes on with at `place`, denominators included."""
    if text[place : place + 1] in _NO_UNIT_BEGINS:
        return NO_UNIT
    window = _plain(text[place : place + _LONGEST_UNIT])
    name, family, end = _one(window, 0, language)
    if not name and not window.lstrip(_SPACES).startswith(_separating(language)):
        return NO_UNIT
    period = ""
    for _ in range(_MOST_DENOMINATORS):
        separator = _separators(language).match(window, end)
        if separator is None or not separator[0].strip():
            break
        below, below_family, below_end = _one(window, separator.end(), language)
        if not below:
            break
        end = below_end
        if below_family == "time":
            period = below
        elif below_family in ("dose", "length"):
            name, family = f"{name}/{below}", "dose"
    return Unit(name, family, period, end)


def unit_before(word: str, language: str) -> Unit:
    """Return the dose unit that a folded word right before a number is (a number after its unit), if it is one."""
    if len(word) > 1 or word == "%":
        for way in _spellings(language).get(word, ()):
            if not way.rest and way.family == "dose":
                return Unit(way.name, way.family, "", 0)
    return NO_UNIT


def _one(window: str, place: int, language: str) -> tuple[str, str, int]:
    """Return the name and family of one unit at `place` and where it ends; ("", "", place) when there is none."""
    head = _HEAD.match(window, place)
    if head is None:
        return "", "", place
    for way in _spellings(language).get(head[1], ()):
        end = head.end() + len(way.rest)
        if not window.startswith(way.rest, head.end()) or _goes_on(window, end):
            continue
        if way.is_sign and window[end : end + 2].strip().isdecimal():  # "2016 l 106": a preposition before a number
            continue
        return way.name, way.family, end
    return "", "", place


def _goes_on(window: str, end: int) -> bool:
    return end < len(window) and window[end - 1].isalnum() and window[end].isalnum()


def _plain(text: str) -> str:
    """Return text with superscripts as digits and hyphens as spaces, as spellings are kept."""
    if not text.isascii() and not _SUPERSCRIPTS.isdisjoint(text):
        text = text.translate(_PLAIN_DIGITS)
    return text.replace("-", " ")
