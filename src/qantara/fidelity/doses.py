"""Rules on units: another unit for the same number, a unit lost, amounts converted.

mcg and mg, mL and mm differ by a letter in Arabic, and by a thousand in effect. Units are compared by name, not by spelling.
"""

from collections import Counter
from collections.abc import Iterable

from qantara.fidelity.numbers import shown, span
from qantara.fidelity.quantities import Quantity
from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair
from qantara.fidelity.units import has_unit
from qantara.records import Severity

_ALIKE = frozenset({"IU", "U"})
_USUAL_OF_AGES = frozenset({"y"})
_MOLES = ("mol", "mmol", "mcmol", "nmol", "pmol")
_LOOSE_FAMILIES = frozenset({"count"})


def _unlike(pair: TextPair) -> Iterable[tuple[Quantity, Quantity]]:
    for a, b in pair.numbers.matched:
        if a.unit.name != b.unit.name and a.unit.name and not a.is_name and not b.is_name:
            yield a, b


@rule(
    "units.changed",
    severity="fail",
    why="The number is right and its unit is another: mcg became mg, hours became days.",
)
def changed(pair: TextPair) -> Iterable[Match]:
    """Find numbers with another unit in the target; counted things (tablets, doses) that differ are a warning."""
    for a, b in _unlike(pair):
        if not b.unit.name or {a.unit.name, b.unit.name} == _ALIKE:
            continue
        loose = a.unit.family in _LOOSE_FAMILIES or b.unit.family in _LOOSE_FAMILIES or _is_same_amount(a, b)
        in_words = a.is_word or b.is_word
        before, after = shown(pair.source_reading, a), shown(pair.target_reading, b)
        severity: Severity = "info" if loose and in_words else "warn" if loose else "fail"
        ours = (a.start, max(a.end, a.unit_end))
        theirs = (b.start, max(b.end, b.unit_end))
        yield Match(f"{before} became {after}", ours, theirs, before, after, severity)


def _is_same_amount(a: Quantity, b: Quantity) -> bool:
    """Tell whether only "per liter" was left out of a concentration: 3 mM is said as 3 millimol."""
    return {a.unit.name, b.unit.name} in ({name, f"{name}/L"} for name in _MOLES)


@rule("units.period", severity="fail", why="Per day became per hour: 24 times the dose.")
def period(pair: TextPair) -> Iterable[Match]:
    """Find amounts per time whose time is another one in the target."""
    for a, b in pair.numbers.matched:
        if a.unit.period and b.unit.period and a.unit.period != b.unit.period:
            before, after = (
                f"{shown(pair.source_reading, a)}/{a.unit.period}",
                f"{shown(pair.target_reading, b)}/{b.unit.period}",
            )
            ours, theirs = (a.start, max(a.end, a.unit_end)), (b.start, max(b.end, b.unit_end))
            yield Match(f"{before} became {after}", ours, theirs, before, after)


@rule("units.variant", severity="warn", why="Units and international units are not always the same.")
def variant(pair: TextPair) -> Iterable[Match]:
    """Find "units" that became "international units", or the reverse."""
    for a, b in _unlike(pair):
        if {a.unit.name, b.unit.name} == _ALIKE:
            before, after = shown(pair.source_reading, a), shown(pair.target_reading, b)
            yield Match(f"{before} became {after}", span(a), span(b), before, after)


@rule("units.missing", severity="warn", why="A dose without its unit can be taken for another dose.")
def missing(pair: TextPair) -> Iterable[Match]:
    """Find dose units that the target does not have; another number of the target with the same unit explains a list."""
    there = Counter(b.unit.name for b in pair.target_reading.quantities)
    for a, b in _unlike(pair):
        if not b.unit.name and a.unit.family == "dose" and not there[a.unit.name] and not a.is_word:
            before, after = shown(pair.source_reading, a), shown(pair.target_reading, b)
            message = f"no known unit after {after}; the source has {before}"
            yield Match(message, (a.start, max(a.end, a.unit_end)), span(b), before, after)


@rule("units.added", severity="fail", why="A bare number became a dose, or an age in years an age in months.")
def added(pair: TextPair) -> Iterable[Match]:
    """Find numbers without a unit that have one in the target: a time other than years is a fail, a dose unit a warning."""
    ours = {a.unit.name for a in pair.source_reading.quantities}
    for a, b in pair.numbers.matched:
        if a.unit.name or b.unit.name in ours or a.is_name or a.is_word or b.is_word:
            continue
        is_short_time = b.unit.family == "time" and b.unit.name not in _USUAL_OF_AGES
        if any(has_unit(token, b.unit.name, pair.source_language) for token in pair.source_reading.tokens):
            continue
        if b.unit.family == "dose" or is_short_time:
            before, after = shown(pair.source_reading, a), shown(pair.target_reading, b)
            message = f"{before} has no known unit in the source and {b.unit.name} in the translation"
            severity: Severity = "fail" if is_short_time else "warn"
            yield Match(message, span(a), (b.start, max(b.end, b.unit_end)), before, after, severity)


@rule(
    "units.converted",
    severity="warn",
    why="A translation does not convert: 1 g as 1000 mg is right and must still be seen.",
)
def converted(pair: TextPair) -> Iterable[Match]:
    """Find amounts that are the same after conversion to another unit."""
    for a, b in pair.numbers.converted:
        before, after = shown(pair.source_reading, a), shown(pair.target_reading, b)
        ours, theirs = (a.start, max(a.end, a.unit_end)), (b.start, max(b.end, b.unit_end))
        yield Match(f"{before} was converted to {after}", ours, theirs, before, after)


RULES = (changed, period, variant, missing, added, converted)
