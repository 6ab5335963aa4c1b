"""Rules on numbers that name a thing and do not count it: type 2, stage III, factor VIII, in digits, Roman numerals or ordinals."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from qantara.fidelity.quantities import Quantity
from qantara.fidelity.reading import Reading
from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair

_LONGEST_GAP, _WORDS_A_NUMERAL, _LARGEST = 3, 2, 8


@rule(
    "digits.label", severity="fail", why="Type 2 became type 1, stage III stage II: another disease, another treatment."
)
def label(pair: TextPair) -> Iterable[Match]:
    """Find named types and stages that have another number in the target."""
    if not pair.source_reading.cues("label") or not pair.target_reading.cues("label"):
        return
    ours, theirs = _labelled(pair.source_reading), _labelled(pair.target_reading)
    for name in ours.keys() & theirs.keys():
        lost = ours[name].keys() - theirs[name].keys()
        gained = theirs[name].keys() - ours[name].keys()
        if not lost or not gained:
            continue
        a, b = ours[name][min(lost)], theirs[name][min(gained)]
        if not a.is_word and not b.is_word:
            continue  # told by digits.changed
        before, after = pair.source_reading.quote(a.start, a.end), pair.target_reading.quote(b.start, b.end)
        yield Match(f"{name} {before} became {name} {after}", (a.start, a.end), (b.start, b.end), before, after)


def _labelled(reading: Reading) -> Mapping[str, Mapping[Decimal, Quantity]]:
    """Return for each label that a number follows the numbers by value."""
    found: dict[str, dict[Decimal, Quantity]] = {}
    for cue in reading.cues("label"):
        for quantity in reading.quantities:
            if 0 < quantity.start - cue.end <= _LONGEST_GAP:
                found.setdefault(cue.value, {})[quantity.value.normalize()] = quantity
    return found


@rule(
    "digits.roman_lost",
    severity="warn",
    why='Options such as "I and III only" that lost their numerals point at nothing.',
)
def roman_lost(pair: TextPair) -> Iterable[Match]:
    """Find options made of Roman numerals whose target has no number at all."""
    if pair.kind != "choice" or not pair.field.startswith("options/"):
        return
    reading = pair.source_reading
    routes = {cue.start for cue in reading.cues("route")}
    numerals = [
        quantity for quantity in reading.quantities if quantity.form == "roman" and quantity.start not in routes
    ]
    is_list = numerals and numerals[0].value <= _LARGEST and len(reading.tokens) <= _WORDS_A_NUMERAL * len(numerals)
    there = set(pair.target_reading.tokens)
    is_kept = any(reading.text[numeral.start : numeral.end] in there for numeral in numerals)
    if is_list and not is_kept and not pair.target_reading.quantities:
        place = numerals[0].start, numerals[-1].end
        written = reading.quote(*place)
        yield Match(f"the numerals {written} are not in the translation", place, None, written)


RULES = (label, roman_lost)
