"""Compares the numbers and units of a text and its translation: missing, added, changed, reversed, another unit, mixed digits.

A source number may stand in the target as a word or a dual; a target number may come from a word of the source. Numbers that
belong to names are never demanded. Not covered: signs, comparators, numbers swapped between two drugs.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from qantara.fidelity.matching import Join, Pairs, match_quantities, take_joined
from qantara.fidelity.number_words import word_values, words_of_kind
from qantara.fidelity.quantities import Quantity, quantities, readable
from qantara.fidelity.text_pair import TextPair
from qantara.languages import ARABIC_COMMA, language
from qantara.records import Finding

_RANGE_SIGNS = frozenset({"-", "/", ":", "x", "×", "--"})
_ALIKE_UNITS = frozenset({"IU", "U"})


def number_findings(pair: TextPair) -> list[Finding]:
    """Return what is wrong with the numbers and units of a pair of texts."""
    source = quantities(pair.source, pair.source_language)
    target = quantities(pair.target, pair.target_language)
    if not source and not target:
        return []
    matched, free_source, free_target = match_quantities(source, target)
    joins = take_joined(free_source, free_target, readable(pair.target)[0])
    take_joined(free_target, free_source, readable(pair.source)[0])
    missing = _without_words(free_source, pair.target, pair.target_language)
    added = _without_words(free_target, pair.source, pair.source_language)
    return [
        *_value_findings(pair, missing, added),
        *_comma_findings(pair, joins),
        *_unit_findings(pair, matched),
        *_order_findings(pair, source, target),
        *_writing_findings(pair, target),
    ]


def _without_words(found: list[Quantity], other_text: str, other_language: str) -> list[Quantity]:
    """Return the numbers, names left out, that no number word of the other side explains, each word used once."""
    found = [quantity for quantity in found if not quantity.is_name]
    if not found:
        return found
    words = word_values(other_text, other_language)
    left = []
    for quantity in found:
        if words[quantity.value]:
            words[quantity.value] -= 1
        else:
            left.append(quantity)
    return left


def _comma_findings(pair: TextPair, joins: list[Join]) -> Iterable[Finding]:
    """Report numbers that the target writes with the list comma of its script inside, unless the source has a list there."""
    for join in joins:
        if join.separator == ARABIC_COMMA and not join.whole.decimal_comma:
            number = join.whole.text
            message = f"{number} is written with a list comma as separator; write a decimal or thousands separator"
            written = ARABIC_COMMA.join(part.text for part in join.parts)
            yield pair.finding("digits.list_comma", "warn", message, source_text=number, target_text=written)


def _value_findings(pair: TextPair, missing: list[Quantity], added: list[Quantity]) -> Iterable[Finding]:
    """Report numbers without a partner; a missing and an added one of the same unit, else in order, are one changed number."""
    added = list(added)
    for quantity in missing:
        if not added:
            message = f"the number {_shown(quantity)} is missing in the translation"
            yield pair.finding("digits.missing", "fail", message, source_text=quantity.text)
            continue
        partner = next((other for other in added if other.unit.name == quantity.unit.name), added[0])
        added.remove(partner)
        message = f"{_shown(quantity)} became {_shown(partner)}"
        yield pair.finding("digits.changed", "fail", message, source_text=quantity.text, target_text=partner.text)
    for quantity in added:
        message = f"the number {_shown(quantity)} is not in the source"
        yield pair.finding("digits.added", "fail", message, target_text=quantity.text)


def _unit_findings(pair: TextPair, matched: Pairs) -> Iterable[Finding]:
    target_units = Counter(b.unit.name for _, b in matched)
    for a, b in matched:
        if a.unit.name == b.unit.name or not a.unit.name or a.is_name or b.is_name:
            continue
        spans = {"source_text": _shown(a), "target_text": _shown(b)}
        if b.unit.name and {a.unit.name, b.unit.name} == _ALIKE_UNITS:
            yield pair.finding("units.variant", "warn", f"units and IU are not always the same: {_shown(a)}", **spans)
        elif b.unit.name:
            yield pair.finding("units.changed", "fail", f"{_shown(a)} became {_shown(b)}", **spans)
        elif a.unit.family == "dose" and not target_units[a.unit.name]:
            yield pair.finding(
                "units.missing", "warn", f"no known unit after {b.text}; the source has {_shown(a)}", **spans
            )


def _order_findings(pair: TextPair, source: list[Quantity], target: list[Quantity]) -> Iterable[Finding]:
    in_target = {(a.value, b.value): _span(pair.target, a, b) for a, b in _ranges(target, pair.target_language)}
    for a, b in _ranges(source, pair.source_language):
        reversed_there = in_target.get((b.value, a.value))
        if a.value != b.value and reversed_there and (a.value, b.value) not in in_target:
            message = f"the order of {a.text} and {b.text} is reversed"
            spans = {"source_text": _span(pair.source, a, b), "target_text": reversed_there}
            yield pair.finding("digits.reversed", "fail", message, **spans)


def _span(text: str, first: Quantity, last: Quantity) -> str:
    """Return the piece of a field from one number to another, as it stands there."""
    places = readable(text)[1]
    return text[places[first.start] : places[last.end - 1] + 1]


def _ranges(found: list[Quantity], code: str) -> list[tuple[Quantity, Quantity]]:
    """Return neighbors that a sign or word of a range or ratio joins."""
    joins = _RANGE_SIGNS | words_of_kind(code, "range").keys()
    return [(a, b) for a, b in pairwise(found) if a.between in joins]


def _writing_findings(pair: TextPair, target: list[Quantity]) -> Iterable[Finding]:
    usual = language(pair.target_language).digit_scripts
    for quantity in target:
        scripts = quantity.digit_scripts
        if len(scripts) > 1:
            message = f"digits of two systems in one number: {quantity.text}"
            yield pair.finding("digits.mixed", "fail", message, target_text=quantity.text)
        elif any(script not in usual for script in scripts):
            message = f"digits that this language does not use: {quantity.text} ({scripts[0]})"
            yield pair.finding("digits.foreign", "warn", message, target_text=quantity.text)
        if quantity.decimal_comma and quantity.text not in pair.source:
            message = f"a comma as decimal separator is easily misread: {quantity.text}"
            yield pair.finding("digits.decimal_comma", "warn", message, target_text=quantity.text)


def _shown(quantity: Quantity) -> str:
    space = "" if quantity.unit.name[:1] in ("", "/", "%") else " "
    return f"{quantity.text}{space}{quantity.unit.name}"
