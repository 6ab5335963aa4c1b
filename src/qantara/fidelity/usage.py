"""Rules on how a drug is given: route, how often, and in which relation to meals.

A route or rhythm that another one replaces is a failure; one that is merely not said again is a remark. Numbers of times are read
with the period ("2/day"), since "twice daily" is one fact.
"""

from collections.abc import Iterable

from qantara.fidelity.reading import Reading
from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair
from qantara.fidelity.word_hits import Cue

_PERIODS = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year", "hourly": "hour"}
_UNIT_PERIODS = {"d": "day", "wk": "week", "mo": "month", "y": "year", "h": "hour"}
_TIMING = ("before_meals", "after_meals", "with_meals", "bedtime")
_ROMAN_FOUR = "iv"


@rule("usage.route", severity="fail", why="Into the muscle, the vein or the spine: the wrong route can kill.")
def route(pair: TextPair) -> Iterable[Match]:
    """Find a route of the source that another route replaces; a route that is only lost is a remark."""
    ours, theirs = _routes(pair.source_reading), _routes(pair.target_reading)
    lost, gained = ours.keys() - theirs.keys(), theirs.keys() - ours.keys()
    if not lost:
        return
    value = min(lost, key=lambda name: ours[name].start)
    a = ours[value]
    if gained:
        other = min(gained, key=lambda name: theirs[name].start)
        b = theirs[other]
        yield Match(f"the route {value} became {other}", (a.start, a.end), (b.start, b.end), value, other)
    else:
        yield Match(f"the route {value} is not in the translation", (a.start, a.end), None, value, severity="info")


def _routes(reading: Reading) -> dict[str, Cue]:
    """Return the first cue of each route; "IV" after a label ("stage IV") is a number."""
    labels = {cue.last_token for cue in reading.cues("label")}
    found: dict[str, Cue] = {}
    for cue in reading.cues("route"):
        is_roman = reading.tokens[cue.first_token] == _ROMAN_FOUR and cue.first_token == cue.last_token
        if not (is_roman and cue.first_token - 1 in labels):
            found.setdefault(cue.value, cue)
    return found


@rule("usage.frequency", severity="fail", why="Weekly became daily: with methotrexate, a known way to die.")
def frequency(pair: TextPair) -> Iterable[Match]:
    """Find a period, a number of times or a relation to meals that another one replaces."""
    source, target = pair.source_reading, pair.target_reading
    if not source.cues("frequency") or not (target.cues("frequency") or target.quantities):
        return
    for read in (_periods, _times, _timings):
        ours, theirs = read(source), read(target)
        lost, gained = ours.keys() - theirs.keys(), theirs.keys() - ours.keys()
        if lost and gained:
            before, after = min(lost), min(gained)
            message = f"{before} became {after}"
            yield Match(message, ours[before], theirs[after], before, after)
            return


def _periods(reading: Reading) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for cue in reading.cues("frequency"):
        times, _, period = cue.value.rpartition("/")
        name = period if times else _PERIODS.get(cue.value, "")
        if name:
            found.setdefault(name, (cue.start, cue.end))
    for quantity in reading.quantities:
        if quantity.unit.period in _UNIT_PERIODS:
            found.setdefault(_UNIT_PERIODS[quantity.unit.period], (quantity.start, quantity.unit_end))
    return found


def _times(reading: Reading) -> dict[str, tuple[int, int]]:
    """Return the rhythms with a number ("2/day"); those of one time a period are left out, being said or not at will."""
    found = [cue for cue in reading.cues("frequency") if "/" in cue.value and not cue.value.startswith("1/")]
    return {cue.value: (cue.start, cue.end) for cue in found}


def _timings(reading: Reading) -> dict[str, tuple[int, int]]:
    return {cue.value: (cue.start, cue.end) for cue in reading.cues("frequency") if cue.value in _TIMING}


@rule("usage.as_needed", severity="warn", why="A drug to take when needed became one to take always.")
def as_needed(pair: TextPair) -> Iterable[Match]:
    """Find "as needed" that is lost in the target."""
    ours = [cue for cue in pair.source_reading.cues("frequency") if cue.value == "as_needed"]
    if ours and "as_needed" not in pair.target_reading.values("frequency"):
        cue = ours[0]
        written = pair.source_reading.quote(cue.start, cue.end)
        yield Match(f'"{written}" is not in the translation', (cue.start, cue.end), None, written)


RULES = (route, frequency, as_needed)
