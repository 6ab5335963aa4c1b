"""Finds which numbers of two texts belong together; what is left over is for the rules to judge.

Covers numbers that one side writes in words, in two pieces ("10 000", "1/2" for a half) or in another unit (1 g, 1000 mg).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise

from qantara.fidelity.quantities import Quantity
from qantara.fidelity.reading import Reading
from qantara.fidelity.units import converted, has_unit
from qantara.languages import ARABIC_COMMA

_THOUSAND_DIGITS = 3
_COUNTED_FORMS = frozenset({"cardinal", "dual", "multiple"})


@dataclass(slots=True)
class Comparison:
    """Numbers of two texts: matched by value, ambiguous (only the less likely reading is the same), converted, or alone.

    `words_missing` and `words_added` are counts in words (two or more) and fractions that nothing on the other side explains.
    """

    matched: list[tuple[Quantity, Quantity]] = field(default_factory=list)
    ambiguous: list[tuple[Quantity, Quantity]] = field(default_factory=list)
    converted: list[tuple[Quantity, Quantity]] = field(default_factory=list)
    missing: list[Quantity] = field(default_factory=list)
    added: list[Quantity] = field(default_factory=list)
    words_missing: list[Quantity] = field(default_factory=list)
    words_added: list[Quantity] = field(default_factory=list)


def compare(source: Reading, target: Reading) -> Comparison:
    """Match the numbers of two texts one to one, equal units first."""
    found = Comparison()
    if not source.quantities and not target.quantities:
        return found
    ours = [quantity for quantity in source.quantities if not quantity.is_word]
    theirs = [quantity for quantity in target.quantities if not quantity.is_word]
    _take_equal(ours, theirs, found)
    our_words = [quantity for quantity in source.quantities if quantity.is_word]
    their_words = [quantity for quantity in target.quantities if quantity.is_word]
    _take_words(ours, their_words, found.matched, swap=False)
    _take_words(theirs, our_words, found.matched, swap=True)
    _take_percents(ours, their_words)
    _take_percents(theirs, our_words)
    _take_halves(ours, theirs, their_words)
    _take_halves(theirs, ours, our_words)
    _take_ones(ours, target)
    _take_ones(theirs, source)
    _take_joined(ours, theirs, target.text)
    _take_joined(theirs, ours, source.text)
    _take_ratios(ours, theirs, their_words, source.text)
    _take_ratios(theirs, ours, our_words, target.text)
    _take_ambiguous(ours, theirs, found)
    _take_converted(ours, theirs, found)
    found.missing = [quantity for quantity in ours if not quantity.is_name]
    found.added = [quantity for quantity in theirs if not quantity.is_name]
    _compare_words(our_words, their_words, found)
    return found


def _take_equal(ours: list[Quantity], theirs: list[Quantity], found: Comparison) -> None:
    tests: tuple[Callable[[Quantity, Quantity], bool], ...] = (
        lambda a, b: a.unit.name == b.unit.name and a.is_name == b.is_name,
        lambda a, b: not (a.unit.name and b.unit.name),
        lambda a, b: True,
    )
    for alike in tests:
        for a in list(ours):
            b = next((other for other in theirs if a.value == other.value and alike(a, other)), None)
            if b is not None:
                ours.remove(a)
                theirs.remove(b)
                found.matched.append((a, b))


def _take_words(
    digits: list[Quantity], words: list[Quantity], matched: list[tuple[Quantity, Quantity]], *, swap: bool
) -> None:
    """Match numbers in digits with words that can be read so; names are never demanded, but may be said in words."""
    for quantity in list(digits):
        word = next(
            (other for other in words if quantity.value in other.candidates and quantity.unit.name == other.unit.name),
            None,
        ) or next((other for other in words if quantity.value in other.candidates), None)
        if word is not None:
            digits.remove(quantity)
            words.remove(word)
            matched.append((word, quantity) if swap else (quantity, word))


def _take_percents(digits: list[Quantity], words: list[Quantity]) -> None:
    """Take out of both lists a percentage that the other side says as a fraction in words (a quarter, 25 %)."""
    for quantity in list(digits):
        if quantity.unit.name == "%":
            word = next((other for other in words if quantity.value / 100 in other.candidates), None)
            if word is not None:
                digits.remove(quantity)
                words.remove(word)


def _take_ones(digits: list[Quantity], other_side: Reading) -> None:
    """Take out a 1 that the other side need not say: that of "1 in 5", or of a unit whose noun stands alone there ("a tablet")."""
    for quantity in list(digits):
        if quantity.is_one_in:
            digits.remove(quantity)
            continue
        is_one = quantity.value == 1 and quantity.unit.family in ("count", "time")
        if is_one and any(has_unit(token, quantity.unit.name, other_side.language) for token in other_side.tokens):
            digits.remove(quantity)


def _take_halves(ours: list[Quantity], theirs: list[Quantity], words: list[Quantity]) -> None:
    """Take out a number with a fraction that the other side says in two pieces ("seven and a half", 7 and a half in words)."""
    for whole in list(ours):
        rest = whole.value - whole.value.to_integral_value(ROUND_FLOOR)
        half = next((word for word in words if rest and rest in word.candidates), None)
        if half is None:
            continue
        base = whole.value - rest
        others = (*theirs, *(word for word in words if word is not half))
        part = next((other for other in others if base in (other.value, *other.candidates)), None)
        if part is not None:
            ours.remove(whole)
            words.remove(half)
            (theirs if part in theirs else words).remove(part)


def _take_joined(wholes: list[Quantity], parts: list[Quantity], parts_text: str) -> None:
    """Take out of both lists each number of `wholes` that stands in `parts_text` as two neighbors of `parts`."""
    for whole in list(wholes):
        for first, second in pairwise(parts):
            separator = parts_text[first.end : second.start]
            if separator in (ARABIC_COMMA, " ", ",", ".") and _reads_as(
                first, second, separator, whole.value, parts_text
            ):
                wholes.remove(whole)
                parts.remove(first)
                parts.remove(second)
                break


def _reads_as(first: Quantity, second: Quantity, separator: str, value: Decimal, text: str) -> bool:
    digits = [text[part.start : part.end] for part in (first, second)]
    if not all(part.isdecimal() for part in digits):
        return False
    if len(digits[1]) == _THOUSAND_DIGITS and separator != "." and Decimal("".join(digits)) == value:
        return True
    return separator == ARABIC_COMMA and Decimal(".".join(digits)) == value


def _take_ratios(parts: list[Quantity], digits: list[Quantity], words: list[Quantity], parts_text: str) -> None:
    """Take out a fraction that one side writes as "1/2" and the other as 0.5 or in words."""
    for first, second in pairwise(list(parts)):
        if parts_text[first.end : second.start].strip() != "/" or not second.value:
            continue
        value = first.value / second.value
        others = (*digits, *words)
        whole = next((other for other in others if value == other.value or value in other.candidates), None)
        if whole is not None and first in parts and second in parts:
            parts.remove(first)
            parts.remove(second)
            (digits if whole in digits else words).remove(whole)


def _take_ambiguous(ours: list[Quantity], theirs: list[Quantity], found: Comparison) -> None:
    for a in list(ours):
        b = next((other for other in theirs if other.other is not None and a.value == other.other), None)
        b = b or next((other for other in theirs if a.other is not None and a.other == other.value), None)
        if b is not None:
            ours.remove(a)
            theirs.remove(b)
            found.ambiguous.append((a, b))


def _take_converted(ours: list[Quantity], theirs: list[Quantity], found: Comparison) -> None:
    for a in list(ours):
        base = converted(a.value, a.unit.name)
        if base is None:
            continue
        b = next((other for other in theirs if _is_same_amount(base, other)), None)
        if b is not None:
            ours.remove(a)
            theirs.remove(b)
            found.converted.append((a, b))


def _is_same_amount(base: tuple[str, Decimal], other: Quantity) -> bool:
    theirs = converted(other.value, other.unit.name)
    if theirs is None or theirs[0] != base[0]:
        return False
    return abs(theirs[1] - base[1]) <= abs(base[1]) * Decimal("0.005")


def _compare_words(ours: list[Quantity], theirs: list[Quantity], found: Comparison) -> None:
    """Match counts in words on both sides; what is left and is no mere "one" is kept."""
    for a in list(ours):
        b = next((other for other in theirs if a.candidates & other.candidates), None)
        if b is not None:
            ours.remove(a)
            theirs.remove(b)
            if a.form in _COUNTED_FORMS and b.form in _COUNTED_FORMS:
                found.matched.append((a, b))
    found.words_missing = [a for a in ours if _counts(a)]
    found.words_added = [b for b in theirs if _counts(b)]


def _counts(word: Quantity) -> bool:
    return word.form == "fraction" or (word.form in _COUNTED_FORMS and word.value > 1)
