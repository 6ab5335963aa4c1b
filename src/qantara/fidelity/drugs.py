"""Rules on drugs: each drug of the source stands in the target, in Latin, by a known name, or transliterated, and keeps its dose.

Names are data (`lexicons/drugs.tsv`); paracetamol and acetaminophen are one drug. A drug that another one replaces is a failure.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from qantara.fidelity.numbers import shown
from qantara.fidelity.quantities import Quantity
from qantara.fidelity.reading import Reading
from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair
from qantara.fidelity.transliteration import may_be_transliterated, nearest_drugs
from qantara.fidelity.vocabulary import coordinators
from qantara.fidelity.word_hits import Cue
from qantara.languages import ARABIC_COMMA, language, script_of

_ANCHORS = ("drug", "antonym", "frequency")
_TIMES_OF_DAY = frozenset({"day_night", "morning_evening"})
_CROSSING, _FARTHEST = 40, 60


def _first_cues(reading: Reading) -> dict[str, Cue]:
    """Return the first mention of each drug; a combination's brand counts as its parts."""
    found: dict[str, Cue] = {}
    for cue in reading.cues("drug"):
        for drug in cue.value.split("/"):
            found.setdefault(drug, cue)
    return found


def _lost_and_gained(pair: TextPair) -> tuple[list[tuple[str, Cue]], list[tuple[str, Cue]]]:
    """Return the drugs of the source that the target lacks, and the target's that the source has not.

    Where a drug was gained, a drug that is named less often than in the source counts as lost: one mention of two was swapped.
    """
    ours, theirs = _first_cues(pair.source_reading), _first_cues(pair.target_reading)
    gained = [(drug, cue) for drug, cue in theirs.items() if drug not in ours]
    lost = [(drug, cue) for drug, cue in ours.items() if drug not in theirs]
    if lost and may_be_transliterated(pair.source_language, pair.target_language):
        said = _transliterated(pair)
        lost = [(drug, cue) for drug, cue in lost if drug not in said]
    if gained and may_be_transliterated(pair.source_language, pair.target_language):
        written = set(pair.source_reading.tokens)
        gained = [(drug, cue) for drug, cue in gained if not _is_written(drug, written)]
    if gained and not lost:
        wanted, found = Counter(pair.source_reading.values("drug")), Counter(pair.target_reading.values("drug"))
        lost = [(drug, ours[drug]) for drug in ours if found[drug] < wanted[drug]][:1]
    return lost, gained


def _transliterated(pair: TextPair) -> set[str]:
    reading, script = pair.target_reading, language(pair.target_language).script
    known = {i for cue in reading.cues("drug") for i in range(cue.first_token, cue.last_token + 1)}
    found: set[str] = set()
    for i, token in enumerate(reading.tokens):
        if i not in known and len(token) > 3 and script_of(token[0]) == script:
            found |= nearest_drugs(token, pair.target_language)
    return found


def _is_written(drug: str, tokens: set[str]) -> bool:
    """Tell whether the source has the drug's name with a spelling fault (a word whose nearest name is that drug)."""
    return any(drug in nearest_drugs(token, "en") for token in tokens if len(token) > 5 and token[:2] == drug[:2])


@rule(
    "drug.changed",
    severity="fail",
    why="One drug became another: prednisone for prednisolone, hydroxyzine for hydralazine.",
)
def changed(pair: TextPair) -> Iterable[Match]:
    """Find drugs of the source that are not in the target while a drug stands there that the source has not."""
    if not pair.source_reading.cues("drug") or not pair.target_reading.cues("drug"):
        return
    for (drug, a), (other, b) in zip(*_lost_and_gained(pair), strict=False):
        yield Match(f"{drug} became {other}", (a.start, a.end), (b.start, b.end), drug, other)


@rule("drug.missing", severity="warn", why="A drug of the source is nowhere in the target, by no name that is known.")
def missing(pair: TextPair) -> Iterable[Match]:
    """Find drugs that are lost, or named in a way that the lexicon does not know."""
    if not pair.source_reading.cues("drug"):
        return
    lost, gained = _lost_and_gained(pair)
    for drug, cue in lost[len(gained) :]:
        yield Match(f"no known name of {drug} in the translation", (cue.start, cue.end), None, drug)


@rule("drug.added", severity="warn", why="A drug that the source does not name.")
def added(pair: TextPair) -> Iterable[Match]:
    """Find drugs that were made up."""
    if not pair.target_reading.cues("drug"):
        return
    lost, gained = _lost_and_gained(pair)
    for drug, cue in gained[len(lost) :]:
        yield Match(f"{drug} is not in the source", None, (cue.start, cue.end), "", drug)


@rule(
    "drug.dose_swapped",
    severity="fail",
    why="Two drugs traded their doses: every number is there, each at the wrong drug.",
)
def dose_swapped(pair: TextPair) -> Iterable[Match]:
    """Find two amounts that each stand nearest to the other one's drug (or time of day, or other anchor) in the target."""
    source, target = pair.source_reading, pair.target_reading
    amounts = [(a, b) for a, b in pair.numbers.matched if a.unit.name and not a.is_name and not b.is_word]
    if len(amounts) < 2:
        return
    ours, theirs = _anchors(source), _anchors(target)
    shared = ours.keys() & theirs.keys()
    if len(shared) < 2:
        return
    here = [ours[name] for name in sorted(shared)]
    there = [theirs[name] for name in sorted(shared)]
    for (a, b), (c, d) in combinations(amounts, 2):
        if a.value == c.value or not _is_comparable(a, c):
            continue
        first, second = _nearest(source, a, here), _nearest(source, c, here)
        if (
            first != second
            and -1 not in (first, second)
            and (_nearest(target, b, there), _nearest(target, d, there)) == (second, first)
        ):
            yield _swap(pair, (a, b), (c, d), (here[first], here[second]))


def _is_comparable(a: Quantity, b: Quantity) -> bool:
    """Tell whether two amounts can have changed places: of one unit, or doses with no denominator such as 1 g and 500 mg."""
    plain_doses = a.unit.family == b.unit.family == "dose" and "/" not in a.unit.name + b.unit.name
    return a.unit.name == b.unit.name or plain_doses


def _swap(pair: TextPair, one: tuple[Quantity, Quantity], two: tuple[Quantity, Quantity], at: tuple[Cue, Cue]) -> Match:
    source, target = pair.source_reading, pair.target_reading
    names = [source.quote(cue.start, cue.end) for cue in at]
    before = f"{names[0]} {shown(source, one[0])}, {names[1]} {shown(source, two[0])}"
    after = f"{names[0]} {shown(target, two[1])}, {names[1]} {shown(target, one[1])}"
    ours = sorted((one[0].start, two[0].start, one[0].end, two[0].end))
    theirs = sorted((one[1].start, two[1].start, one[1].end, two[1].end))
    return Match(f"amounts changed places: {after}", (ours[0], ours[-1]), (theirs[0], theirs[-1]), before, after)


def _anchors(reading: Reading) -> dict[str, Cue]:
    """Return what an amount can belong to and that stands once in the text, by kind and value."""
    found: dict[str, list[Cue]] = {}
    for kind in _ANCHORS:
        for cue in reading.cues(kind):
            if kind == "antonym" and cue.value.partition(":")[0] not in _TIMES_OF_DAY:
                continue
            found.setdefault(f"{kind} {cue.value}", []).append(cue)
    return {name: cues[0] for name, cues in found.items() if len(cues) == 1}


def _nearest(reading: Reading, quantity: Quantity, anchors: Sequence[Cue]) -> int:
    """Return which anchor stands nearest to a number; "and" or a comma between them counts as a distance of its own.

    Returns -1 when all are too far away.
    """

    def distance(i: int) -> tuple[int, bool]:
        cue = anchors[i]
        is_after = cue.start >= quantity.end
        start, end = (max(quantity.end, quantity.unit_end), cue.start) if is_after else (cue.end, quantity.start)
        return max(0, end - start) + _CROSSING * _is_crossed(reading, start, end), is_after

    nearest = min(range(len(anchors)), key=distance)
    return nearest if distance(nearest)[0] <= _FARTHEST else -1


def _is_crossed(reading: Reading, start: int, end: int) -> bool:
    between = reading.text[start:end]
    if any(sign in between for sign in (",", ";", ARABIC_COMMA, ". ")):
        return True
    return not coordinators(reading.language).isdisjoint(between.split())


RULES = (changed, missing, added, dose_swapped)
