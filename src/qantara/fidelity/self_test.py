"""Measures a check on pairs that are taken for right: how many faults made on purpose it finds, how often it raises an alarm.

A fault counts as found only by a finding that the pair did not have before it. Which check is measured is a parameter: the rules
alone, or with the meaning compared.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from qantara.fidelity.check import TEXT_FIELD, check
from qantara.fidelity.encoders import RememberingEncoder
from qantara.fidelity.meaning import Meaning, MeaningRules
from qantara.fidelity.mutate import KINDS, Mutation, mutate
from qantara.fidelity.terms import Glossary
from qantara.intervals import Share, wilson
from qantara.records import Example, Finding, text_fields, worst

Side = str | Example
Check = Callable[[Side, Side], Sequence[Finding]]
FEW_PLACES = 30
_OTHERS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A fault that was not found as a failure: its pair (number in the set), the fault, and the new findings, if any."""

    pair: int
    mutation: Mutation
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """One kind of fault: in how many pairs it was made, and the shares found as fail, and as fail or warn."""

    kind: str
    fail: Share
    fail_or_warn: Share
    missed: tuple[Missed, ...]

    @property
    def num_places(self) -> int:
        """Return in how many pairs the fault was made."""
        return self.fail.total

    @property
    def has_few_places(self) -> bool:
        """Tell whether the shares stand on too few pairs to mean much."""
        return self.num_places < FEW_PLACES


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """The shares of pairs that get a fail, or a fail or warn, as they stand; in how many by (severity, rule); each kind's row."""

    num_pairs: int
    fail: Share
    fail_or_warn: Share
    alarms: dict[tuple[str, str], int]
    kinds: tuple[KindRow, ...]


def self_test(
    pairs: Sequence[tuple[Side, Side]],
    measured: Check,
    *,
    seed: int,
    per_kind: int,
    languages: tuple[str, str] | None = None,
    kinds: Sequence[str] = KINDS,
) -> SelfTest:
    """Return what `measured` finds in the pairs, and of at most `per_kind` faults of each kind, in pairs drawn by the seed.

    `languages` are the codes of texts; records know theirs.
    """
    clean = [tuple(measured(source, target)) for source, target in pairs]
    order = list(range(len(pairs)))
    Random(seed).shuffle(order)
    targets = [target for _, target in pairs]
    rows = []
    for kind in kinds:
        faults: list[tuple[int, Mutation]] = []
        for i in order:
            if len(faults) == per_kind:
                break
            made = mutate(*pairs[i], kind, seed=seed + i, languages=languages, others=targets)
            if made is not None:
                faults.append((i, made))
        rows.append(
            _row(kind, faults, [new_findings(clean[i], measured(pairs[i][0], made.target)) for i, made in faults])
        )
    return _result(clean, rows)


def checks(
    pairs: Sequence[tuple[Side, Side]],
    languages: tuple[str, str],
    meaning: Meaning | None = None,
    glossary: Glossary | None = None,
) -> Check:
    """Return the rules as a check, with `meaning` compared too: each pair among some pairs of the set as they stand."""

    def rules(source: Side, target: Side) -> Sequence[Finding]:
        return check(source, target, source_language=languages[0], target_language=languages[1], glossary=glossary)

    if meaning is None:
        return rules
    if isinstance(meaning, MeaningRules):
        meaning = replace(meaning, encoder=RememberingEncoder(meaning.encoder))
    compare = meaning
    step = max(1, len(pairs) // _OTHERS)
    others = [(_fields(source), _fields(target)) for source, target in pairs[::step][:_OTHERS]]

    def both(source: Side, target: Side) -> Sequence[Finding]:
        ours = _fields(source)
        batch = [(ours, _fields(target)), *(pair for pair in others if pair[0] != ours)]
        return [*rules(source, target), *compare(batch)[0].findings]

    return both


def _fields(side: Side) -> dict[str, str]:
    return {TEXT_FIELD: side} if isinstance(side, str) else text_fields(side)


def new_findings(before: Sequence[Finding], after: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings that a pair has with a fault and had not without it; places in the target may have moved."""
    left = Counter(map(_identity, before))
    found = []
    for finding in after:
        if left[_identity(finding)]:
            left[_identity(finding)] -= 1
        else:
            found.append(finding)
    return tuple(found)


def _identity(finding: Finding) -> tuple[object, ...]:
    return (
        finding.rule,
        finding.severity,
        finding.field,
        finding.source_span,
        finding.target_text,
        finding.expected,
        finding.got,
    )


def _row(kind: str, faults: Sequence[tuple[int, Mutation]], found: Sequence[tuple[Finding, ...]]) -> KindRow:
    verdicts = Counter(map(worst, found))
    total, num_fail, num_warn = len(faults), verdicts["fail"], verdicts["warn"]
    missed = [
        Missed(pair=i, mutation=made, findings=findings)
        for (i, made), findings in zip(faults, found, strict=True)
        if worst(findings) != "fail"
    ]
    return KindRow(
        kind=kind, fail=wilson(num_fail, total), fail_or_warn=wilson(num_fail + num_warn, total), missed=tuple(missed)
    )


def _result(clean: Sequence[tuple[Finding, ...]], rows: Sequence[KindRow]) -> SelfTest:
    verdicts = Counter(map(worst, clean))
    alarms = Counter(
        key
        for findings in clean
        for key in {(finding.severity, finding.rule) for finding in findings if finding.severity != "info"}
    )
    return SelfTest(
        num_pairs=len(clean),
        fail=wilson(verdicts["fail"], len(clean)),
        fail_or_warn=wilson(verdicts["fail"] + verdicts["warn"], len(clean)),
        alarms=dict(sorted(alarms.items())),
        kinds=tuple(rows),
    )
