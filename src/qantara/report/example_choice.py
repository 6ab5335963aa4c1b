"""Which translations are shown as examples: faulty ones that differ in rule, then in outcome, then in kind. No randomness."""

from collections.abc import Mapping, Sequence

from qantara.records import Decision, Translation, text_fields

OUTCOMES = {
    "mended": "mended by the machine",
    "edit": "edited by a person",
    "accept": "accepted by a person",
    "reject": "rejected by a person",
    "waiting": "waits for a person",
}


def choose(translations: Sequence[Translation], decisions: Mapping[str, Decision], number: int) -> list[Translation]:
    """Return at most `number` translations that had a fault, each adding what the ones before it did not show."""
    left = [translation for translation in translations if rules(translation)]
    chosen: list[Translation] = []
    seen: set[str] = set()
    while left and len(chosen) < number:
        best = max(left, key=lambda translation: _worth(translation, decisions, seen))
        chosen.append(best)
        left.remove(best)
        seen |= {*rules(best), outcome(best, decisions), best.source.kind}
    return chosen


def rules(translation: Translation) -> list[str]:
    """Return the rules that found a fault in any round, fails first; mere remarks are no faults."""
    found = [finding for attempt in translation.attempts for finding in attempt.findings if finding.severity != "info"]
    return list(dict.fromkeys(f.rule for f in sorted(found, key=lambda f: f.severity != "fail")))


def outcome(translation: Translation, decisions: Mapping[str, Decision]) -> str:
    """Return the key in OUTCOMES of what became of a faulty translation."""
    decision = decisions.get(translation.source.id)
    if decision is not None:
        return decision.action
    return "mended" if translation.route == "accept" else "waiting"


def length(translation: Translation) -> int:
    """Return how many characters the source has."""
    return sum(map(len, text_fields(translation.source).values()))


def _worth(
    translation: Translation, decisions: Mapping[str, Decision], seen: set[str]
) -> tuple[bool, bool, bool, int, int]:
    # A new leading rule counts most; among equals the one that fits the page best comes first.
    found = rules(translation)
    return (
        found[0] not in seen,
        outcome(translation, decisions) not in seen,
        translation.source.kind not in seen,
        sum(rule not in seen for rule in found),
        -length(translation),
    )
