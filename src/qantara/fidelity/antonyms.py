"""Rules on opposites: a word of the source whose opposite stands in the target instead (left and right, hyper- and hypo-).

Pairs are data (`lexicons/antonyms.tsv`, `pair:side`). A side is compared by how often it occurs, so a text with both sides is
fine as long as the translation has as many of each.
"""

from collections import Counter
from collections.abc import Iterable

from qantara.fidelity.reading import Reading
from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair
from qantara.fidelity.word_hits import Cue
from qantara.records import Severity

_SIDES = "left_right"
_LATERALITY = frozenset({"left_right", "bilateral_unilateral"})


@rule("antonym.side", severity="fail", why="Left became right: surgery on the wrong side.")
def side(pair: TextPair) -> Iterable[Match]:
    """Find sides of the body that changed."""
    return _turned(pair, laterality=True)


@rule(
    "antonym.turned",
    severity="fail",
    why="A word became its opposite: hyper for hypo, acute for chronic, before for after.",
)
def turned(pair: TextPair) -> Iterable[Match]:
    """Find opposites: a fail when one side stands against the other alone, a warning when a text has both and counts differ."""
    return _turned(pair, laterality=False)


@rule("antonym.side_lost", severity="warn", why="The side is not said any more: which eye, which leg?")
def side_lost(pair: TextPair) -> Iterable[Match]:
    """Find texts that name a side of the body where the target names none."""
    ours = [cue for cue in pair.source_reading.cues("antonym") if cue.value.partition(":")[0] == _SIDES]
    if not ours or any(value.startswith(f"{_SIDES}:") for value in pair.target_reading.values("antonym")):
        return
    written = pair.source_reading.quote(ours[0].start, ours[0].end)
    yield Match(f'"{written}" is not in the translation', (ours[0].start, ours[0].end), None, written)


def _turned(pair: TextPair, *, laterality: bool) -> Iterable[Match]:
    source, target = pair.source_reading, pair.target_reading
    if not source.cues("antonym") or not target.cues("antonym"):
        return
    ours, theirs = _counts(source), _counts(target)
    for value in ours:
        name, _, this = value.partition(":")
        if (name in _LATERALITY) is not laterality or theirs[value] >= ours[value]:
            continue
        opposite = next((other for other in theirs if other.startswith(f"{name}:") and other != value), None)
        if opposite is None or theirs[opposite] <= ours[opposite]:
            continue
        alone = not theirs[value] and not ours[opposite]
        alone = alone or (laterality and not theirs[value])  # both sides were said, and one is gone
        alone = alone and (laterality or _negates(source) == _negates(target))  # "not rare" may well be "common"
        before, after = _first(source, value), _first(target, opposite)
        written = (source.quote(before.start, before.end), target.quote(after.start, after.end))
        message = f'"{written[0]}" ({this}) became "{written[1]}" ({opposite.partition(":")[2]})'
        severity: Severity = "fail" if alone else "warn"
        spans = (before.start, before.end), (after.start, after.end)
        yield Match(message, *spans, *written, severity)


def _negates(reading: Reading) -> int:
    return sum(cue.value == "strong" for cue in reading.cues("negation"))


def _counts(reading: Reading) -> Counter[str]:
    return Counter(cue.value for cue in reading.cues("antonym"))


def _first(reading: Reading, value: str) -> Cue:
    return next(cue for cue in reading.cues("antonym") if cue.value == value)


RULES = (side, turned, side_lost)
