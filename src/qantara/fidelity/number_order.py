"""Rules on the order of numbers, and on what stands before them: ranges and ratios reversed, signs and comparators turned.

Comparators are mirrored when right-to-left text is shown, and models swap them; they are compared in logical order, with words.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from qantara.fidelity.comparators import NAMES, UPWARD, comparators, said_elsewhere, symbol_before
from qantara.fidelity.numbers import shown, span
from qantara.fidelity.quantities import Quantity
from qantara.fidelity.reading import Reading
from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair
from qantara.fidelity.vocabulary import range_words

_RATIO_SIGNS = frozenset({"/", ":"})
_RANGE_SIGNS = frozenset({"-", "/", ":", "x", "×", "--", "÷", "..", "~"})
_LONGEST_GAP = 24
_NONE = ("", "")


@rule("digits.reversed", severity="fail", why="120/80 for 80/120, 10-5 for 5-10: the same numbers, another meaning.")
def reversed_order(pair: TextPair) -> Iterable[Match]:
    """Find ranges and ratios whose two numbers changed places."""
    if len(pair.source_reading.quantities) < 2 or len(pair.target_reading.quantities) < 2:
        return
    joined = _joined(pair.source_reading)
    if not joined:
        return
    theirs = {(a.value, b.value): (a, b) for a, b in _joined(pair.target_reading)}
    wanted = Counter((a.value, b.value) for a, b in joined)
    found = Counter((a.value, b.value) for a, b in _joined(pair.target_reading))
    for a, b in joined:
        order, turned = (a.value, b.value), (b.value, a.value)
        there = theirs.get(turned)
        if a.value == b.value or there is None or found[order] >= wanted[order] or found[turned] <= wanted[turned]:
            continue
        ours, other = (a.start, b.end), (there[0].start, there[1].end)
        before, after = pair.source_reading.quote(*ours), pair.target_reading.quote(*other)
        yield Match(f"the order is reversed: {before} became {after}", ours, other, before, after)


def _joined(reading: Reading) -> list[tuple[Quantity, Quantity]]:
    """Return neighbors that a sign or word of a range or ratio joins."""
    joints = _RANGE_SIGNS | range_words(reading.language)
    joined = [(a, b, _between(reading, a, b)) for a, b in pairwise(reading.quantities)]
    joined = [(a, b, between) for a, b, between in joined if between.strip() in joints]
    in_ratio = {quantity.start for a, b, between in joined if _is_ratio_sign(between) for quantity in (a, b)}
    return [
        (a, b)
        for a, b, between in joined  # "from 1:80 to 1:320": no range of 80 and 1
        if between.strip() in _RATIO_SIGNS or not {a.start, b.start} & in_ratio
    ]


def _is_ratio_sign(between: str) -> bool:
    """Say whether this is "/" or ":" with spaces on both sides or on none; "95%: 1.10-1.86" has a colon, but no ratio."""
    return between.strip() in _RATIO_SIGNS and between[0].isspace() == between[-1].isspace()


def _between(reading: Reading, a: Quantity, b: Quantity) -> str:
    start = max(a.end, a.unit_end)
    return reading.text[start : b.start] if 0 <= b.start - start <= _LONGEST_GAP else "..."


@rule("digits.sign", severity="fail", why="A minus that is lost or made up turns a value into its opposite.")
def sign(pair: TextPair) -> Iterable[Match]:
    """Find numbers that are negative on one side only; lost is a fail, made up a warning (a dash may be punctuation)."""
    if "-" not in pair.source_reading.text and "-" not in pair.target_reading.text:
        return
    for a, b in pair.numbers.matched:
        if a.is_word or b.is_word or a.is_name:
            continue
        ours, theirs = _is_negative(pair.source_reading, a), _is_negative(pair.target_reading, b)
        if ours == theirs or (ours and _is_negative_in_words(pair.target_reading, b)):
            continue
        before, after = shown(pair.source_reading, a), shown(pair.target_reading, b)
        if ours:
            yield Match(f"the minus before {before} is lost", (a.start - 1, a.end), span(b), f"-{before}", after)
        elif not _is_negative_in_words(pair.source_reading, a):
            message = f"{after} has a minus that the source has not"
            yield Match(message, span(a), (b.start - 1, b.end), before, f"-{after}", "warn")


def _is_negative(reading: Reading, quantity: Quantity) -> bool:
    text, start = reading.text, quantity.start
    if start == 0 or text[start - 1] != "-":
        return False
    before = text[: start - 1].rstrip()
    stands_free = start == 1 or text[start - 2] in " (\u00a0[=:<>≤≥~"
    return stands_free and (not before or (not before[-1].isdecimal() and before[-1] not in "-.\n%"))


def _is_negative_in_words(reading: Reading, quantity: Quantity) -> bool:
    end = max(quantity.end, quantity.unit_end)
    near = any(0 <= quantity.start - cue.end <= 3 or 0 <= cue.start - end <= 3 for cue in reading.cues("sign"))
    trailing = (
        reading.text[quantity.end : quantity.end + 1] == "-"
        and not reading.text[quantity.end + 1 : quantity.end + 2].isalnum()
    )
    return near or trailing


@rule(
    "digits.comparator",
    severity="fail",
    why="Less than and more than are swapped when < and > are copied as they look.",
)
def comparator(pair: TextPair) -> Iterable[Match]:
    """Find numbers with "less than" on one side and "more than" on the other; a comparator that is lost is a warning."""
    source, target = pair.source_reading, pair.target_reading
    ours, theirs = comparators(source), comparators(target)
    if not ours and not theirs:
        return
    for a, b in pair.numbers.matched:
        (here, plain_here), (there, plain_there) = ours.get(a.start, _NONE), theirs.get(b.start, _NONE)
        is_opposite = here and there and UPWARD[here] != UPWARD[there]
        if is_opposite and UPWARD[plain_here] != UPWARD[plain_there]:  # else a negation was lost, which is told apart
            before, after = f"{NAMES[here]} {shown(source, a)}", f"{NAMES[there]} {shown(target, b)}"
            yield Match(f"{before} became {after}", span(a), span(b), before, after)
        elif here and not there and symbol_before(source, a) and not said_elsewhere(target, here):
            before = f"{NAMES[here]} {shown(source, a)}"
            yield Match(f"{before} lost its comparator", span(a), span(b), before, shown(target, b), "warn")


RULES = (reversed_order, sign, comparator)
