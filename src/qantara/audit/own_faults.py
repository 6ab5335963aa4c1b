"""The self-test of an audit: faults made in the user's own pairs that passed, and how many of each kind the same checks find.

A sample of the pairs is drawn by a fixed seed, so that the same audit gives the same figures; memory holds the sample alone.
"""

from collections.abc import Callable, Iterable
from random import Random

from qantara.audit.checking import CheckSettings
from qantara.audit.pairs import Pair
from qantara.audit.summary import FaultRecall
from qantara.fidelity.self_test import Check, checks, self_test

MOST_PAIRS = 1000
MOST_FAULTS_A_KIND = 100
_SEED = 0


def own_faults(settings: CheckSettings) -> Callable[[Iterable[Pair]], list[FaultRecall]]:
    """Return the self-test of an audit with these settings."""

    def test(passing: Iterable[Pair]) -> list[FaultRecall]:
        pairs = [(pair.source, pair.target) for pair in _drawn(passing)]
        if not pairs:
            return []
        languages = settings.shape.source_language, settings.shape.target_language
        check: Check = checks(pairs, languages, settings.loaded_meaning, settings.glossary)
        result = self_test(pairs, check, seed=_SEED, per_kind=MOST_FAULTS_A_KIND, languages=languages)
        return [
            FaultRecall(kind=row.kind, made=row.num_places, failed=row.fail.hits, found=row.fail_or_warn.hits)
            for row in result.kinds
        ]

    return test


def _drawn(passing: Iterable[Pair]) -> list[Pair]:
    """Return at most `MOST_PAIRS` pairs, each as likely as any other (reservoir sampling)."""
    random = Random(_SEED)  # no secret: the same sample each time is what is wanted
    kept: list[Pair] = []
    for number, pair in enumerate(passing):
        if number < MOST_PAIRS:
            kept.append(pair)
        elif (place := random.randint(0, number)) < MOST_PAIRS:
            kept[place] = pair
    return kept
