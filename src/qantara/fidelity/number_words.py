"""Reads numbers that are written as words ("three", an Arabic dual), from a lexicon by language.

Words only explain a number that the other side writes in digits; they are never demanded, since too many of them are not counts.
"""

import re
from collections import Counter
from decimal import Decimal
from functools import cache

from qantara.fidelity.lexicon import rows
from qantara.languages import fold

_WORD = re.compile(r"[^\W\d_]+")
_LEAST_STEM = 2
_MULTIPLIERS = frozenset(Decimal(10**power) for power in (2, 3, 6, 9))


@cache
def words_of_kind(language: str, kind: str) -> dict[str, tuple[Decimal, ...]]:
    """Return the values of each folded word of a kind ("magnitude", "range", ...; "" for every kind that is a number)."""
    found: dict[str, tuple[Decimal, ...]] = {}
    for row in rows(f"{language}_number_words"):
        if row["kind"] == kind or (not kind and row["kind"] != "range"):
            found[row["spelling"]] = (*found.get(row["spelling"], ()), Decimal(row["value"]))
    return found


@cache
def clitics(language: str) -> tuple[str, ...]:
    """Return the prefixes that a language glues to a word, the longest first (data: kind `clitic`)."""
    return tuple(sorted((row["spelling"] for row in rows(f"{language}_clitics")), key=len, reverse=True))


def word_values(text: str, language: str) -> Counter[Decimal]:
    """Return how often each value can be read from the words of `text`, compounds such as twenty-five included."""
    values = words_of_kind(language, "")
    found: Counter[Decimal] = Counter()
    if not values:
        return found
    before: tuple[Decimal, ...] = ()
    for match in _WORD.finditer(fold(text)):
        here = _values_of(match[0], language)
        found.update(here)
        compounds = tuple(sum_ for a in before for b in here if (sum_ := _compound(a, b)) is not None)
        found.update(compounds)
        before = compounds or here
    return found


def _values_of(word: str, language: str) -> tuple[Decimal, ...]:
    values = words_of_kind(language, "")
    if word in values:
        return values[word]
    for prefix in clitics(language):
        if word.startswith(prefix) and len(word) >= len(prefix) + _LEAST_STEM and word[len(prefix) :] in values:
            return values[word[len(prefix) :]]
    return ()


def _compound(first: Decimal, second: Decimal) -> Decimal | None:
    """Return what two number words that follow each other make together (3 10 -> 13, 5 20 -> 25, 2 1000 -> 2000), else None."""
    if second in _MULTIPLIERS:
        return first * second if first < second else None
    small, large = sorted((first, second))
    zeros = len(str(large)) - len(str(large).rstrip("0"))
    return small + large if 0 < small < 10**zeros else None
