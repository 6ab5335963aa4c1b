"""Reads which way a text compares its numbers: less than, at most, more than, at least; in signs and words, before or after.

A negation turns a comparator round ("do not take more than 4" is at most 4), unless it is part of the comparator's own phrase.
"""

from collections.abc import Mapping, Sequence

from qantara.fidelity.quantities import Quantity
from qantara.fidelity.reading import Reading
from qantara.fidelity.word_hits import Cue
from qantara.languages import ARABIC_COMMA

UPWARD = {"lt": False, "le": False, "gt": True, "ge": True}
NAMES = {"lt": "less than", "le": "at most", "gt": "more than", "ge": "at least"}
_SYMBOLS = {"<": "lt", ">": "gt", "≤": "le", "≥": "ge", "<=": "le", ">=": "ge", "=<": "le", "=>": "ge"}
_TURNED = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
_BEFORE, _AFTER, _CLAUSE, _VERB_GAP = 16, 14, 24, 3
_CLAUSE_ENDS = frozenset(f".;,\n{ARABIC_COMMA}")
_GAP_ENDS = frozenset(f".;:,()\n{ARABIC_COMMA}")
_FAR, _AFTER_NUMBER = "far:", "after"


def comparators(reading: Reading) -> Mapping[int, tuple[str, str]]:
    """Return the comparator ("lt", "le", "gt", "ge") of each number that has one, by the number's place.

    Twice: as it is meant, and as it is written when a negation before it is left aside.
    """
    cues = [cue for cue in reading.cues("comparator") if _direction(cue) and not cue.value.startswith(_FAR)]
    if not cues and not any(symbol in reading.text for symbol in "<>≤≥"):
        return {}
    found = {}
    last_end = 0
    for quantity in reading.quantities:
        symbol = symbol_before(reading, quantity)
        value = (symbol, symbol) if symbol else _word_near(reading, quantity, cues, last_end)
        if value[0]:
            found[quantity.start] = value
        last_end = quantity.unit_end or quantity.end
    return found


def _direction(cue: Cue) -> str:
    """Return what a cue compares, "" for one that goes neither way ("about")."""
    value = cue.value.rpartition(":")[2]
    return value if value in UPWARD else ""


def said_elsewhere(reading: Reading, comparator: str) -> bool:
    """Tell whether a text compares in the same direction somewhere: a verb may stand far from its number."""
    upward = UPWARD[comparator]
    return any(UPWARD.get(value.rpartition(":")[2]) is upward for value in reading.values("comparator"))


def symbol_before(reading: Reading, quantity: Quantity) -> str:
    """Return the comparator whose sign stands right before a number, "" for none."""
    before = reading.text[max(0, quantity.start - 4) : quantity.start].rstrip(" $\u00a0")
    return _SYMBOLS.get(before[-2:], "") or _SYMBOLS.get(before[-1:], "")


def num_turned(source: Reading, target: Reading) -> int:
    """Return how many negated comparators of the source the target says the other way round ("not under 5", "at least 5")."""
    if not source.cues("negation"):
        return 0
    ours, theirs = _by_negation(source), _by_negation(target)
    wanted = ours[True][len(theirs[True]) :]
    return sum((not upward) in theirs[False] for upward in wanted)


def _by_negation(reading: Reading) -> dict[bool, list[bool]]:
    """Return which way the comparing words of a text go (True: upward), apart for those that a negation turns round."""
    found: dict[bool, list[bool]] = {True: [], False: []}
    for cue in reading.cues("comparator"):
        if value := _direction(cue):
            found[_is_negated(reading, cue)].append(UPWARD[value])
    return found


def num_limits(reading: Reading, source: Reading) -> int:
    """Return how many negations of a text belong to a limit ("not exceed 6") that the source says in its own way ("at most 6")."""
    wanted = {UPWARD[value] for cue in source.cues("comparator") if (value := _direction(cue))}
    if not wanted:
        return 0
    return sum(
        any(_limits(negation, limit, wanted) for limit in reading.cues("comparator"))
        for negation in reading.cues("negation")
        if negation.value == "strong"
    )


def _limits(negation: Cue, limit: Cue, wanted: set[bool]) -> bool:
    """Tell whether a negation is part of a limit's phrase, or turns the limit right after it, into a direction of `wanted`."""
    value = _direction(limit)
    if not value or limit.end <= negation.end or limit.start > negation.end + _VERB_GAP:
        return False
    is_part = limit.start < negation.end
    return (UPWARD[value] if is_part else not UPWARD[value]) in wanted


def _word_near(reading: Reading, quantity: Quantity, cues: Sequence[Cue], last_end: int) -> tuple[str, str]:
    after = max(quantity.end, quantity.unit_end)
    for cue in cues:
        place, _, value = cue.value.rpartition(":")
        follows = 0 <= cue.start - after <= _AFTER
        if follows and place == _AFTER_NUMBER and not _has_number(reading, after, cue.start):
            return value, value
        if follows and not place and not _has_number(reading, cue.end, cue.end + _BEFORE):
            return value, value
        stands_before = not place and last_end <= cue.start and 0 <= quantity.start - cue.end <= _BEFORE
        if stands_before and _GAP_ENDS.isdisjoint(reading.text[cue.end : quantity.start]):
            return _TURNED[value] if _is_negated(reading, cue) else value, value
    return "", ""


def _is_negated(reading: Reading, cue: Cue) -> bool:
    """Tell whether a negation stands before a comparator in its clause and outside of its phrase."""
    for negation in reading.cues("negation"):
        is_phrase = (
            negation.last_token > negation.first_token
        )  # "if not"; a weak word such as "ban" turns nothing round
        if negation.value != "strong" and not is_phrase:
            continue
        gap = reading.text[negation.end : cue.start]
        if (
            negation.end <= cue.start
            and len(gap) <= _CLAUSE
            and _CLAUSE_ENDS.isdisjoint(gap)
            and not any(map(str.isdecimal, gap))
        ):
            return True
    return False


def _has_number(reading: Reading, start: int, end: int) -> bool:
    return any(start <= quantity.start < end for quantity in reading.quantities)
