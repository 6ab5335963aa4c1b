"""What the page tells of a run's translations, gathered in one pass: counts, and a bounded pool that examples are chosen from.

A run may have a million translations, so no more of them are held than the pool, however long the run is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from qantara.records import Decision, Translation
from qantara.report.example_choice import length, outcome, rules

_FIRST = 100  # as many as a page can show: a small run is in the pool as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationFacts:
    """Kept translations by route and by (data set, licence); those that wait for people; faulty ones to choose examples from."""

    routes: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[tuple[str, str], int] = field(default_factory=dict)
    num_waiting: int = 0
    candidates: Sequence[Translation] = ()


def gather(translations: Iterable[Translation], decisions: Mapping[str, Decision]) -> TranslationFacts:
    """Return what is told of the translations; they are looked at once, and the same ones in the same order give the same."""
    routes: Counter[str] = Counter()
    sources: Counter[tuple[str, str]] = Counter()
    num_waiting = 0
    pool = _Pool()
    for translation in translations:
        source = translation.source
        routes[translation.route] += 1
        sources[source.origin.source, source.origin.licence] += 1
        num_waiting += translation.route == "people" and source.id not in decisions
        pool.offer(translation, decisions)
    return TranslationFacts(
        routes=dict(routes), sources=dict(sources), num_waiting=num_waiting, candidates=pool.in_order()
    )


class _Pool:
    """The first faulty translations of a run, and the shortest one of each leading rule, outcome and kind."""

    def __init__(self) -> None:
        self._num_faulty = 0
        self._first: dict[int, Translation] = {}
        self._shortest: dict[tuple[str, str, str], tuple[int, int, Translation]] = {}

    def offer(self, translation: Translation, decisions: Mapping[str, Decision]) -> None:
        """Take a translation in if it had a fault and adds something."""
        found = rules(translation)
        if not found:
            return
        position, self._num_faulty = self._num_faulty, self._num_faulty + 1
        if position < _FIRST:
            self._first[position] = translation
        key = (found[0], outcome(translation, decisions), translation.source.kind)
        characters = length(translation)
        if key not in self._shortest or characters < self._shortest[key][0]:
            self._shortest[key] = (characters, position, translation)

    def in_order(self) -> list[Translation]:
        """Return those taken in, in the order of the run."""
        pool = self._first | {position: translation for _, position, translation in self._shortest.values()}
        return [pool[position] for position in sorted(pool)]
