"""Counts what an audit found, one pair at a time: verdicts, rules, similarities. A rule counts once a pair, at its gravest."""

import math
from collections import Counter
from dataclasses import dataclass, field

from qantara.audit.findings import VERDICTS, CheckedPair
from qantara.records import Severity

SEVERITIES: tuple[Severity, ...] = ("fail", "warn", "info")


@dataclass(slots=True)
class RuleCount:
    """In how many pairs a rule found something, by its gravest finding there."""

    rule: str
    version: int
    pairs: Counter[Severity] = field(default_factory=Counter)

    def badness(self) -> tuple[int, ...]:
        """Return what orders rules, worst first: most pairs failed, then warned, then remarked on."""
        return tuple(-self.pairs[severity] for severity in SEVERITIES)


@dataclass(slots=True)
class Tally:
    """The counts of a set; its size grows with the number of rules, not of pairs."""

    verdicts: Counter[str] = field(default_factory=Counter)
    by_rule: dict[str, RuleCount] = field(default_factory=dict)
    similarities: list[float] = field(default_factory=lambda: [0.0, math.inf])  # sum, least
    num_compared: int = 0

    def add(self, pair: CheckedPair) -> None:
        """Count one pair."""
        self.verdicts[pair.verdict] += 1
        for finding_rule, (severity, version) in gravest(pair).items():
            count = self.by_rule.setdefault(finding_rule, RuleCount(finding_rule, version))
            count.pairs[severity] += 1
        if pair.similarity is not None:
            self.num_compared += 1
            self.similarities = [self.similarities[0] + pair.similarity, min(self.similarities[1], pair.similarity)]

    @property
    def num_pairs(self) -> int:
        """Return how many pairs were counted."""
        return self.verdicts.total()

    def rules(self) -> list[RuleCount]:
        """Return the rules that found something, worst first."""
        return sorted(self.by_rule.values(), key=lambda count: (*count.badness(), count.rule))

    def as_json(self) -> dict[str, object]:
        """Return the counts as `summary.json` holds them."""
        rules = [
            {"rule": count.rule, "version": count.version, "pairs": count.pairs.total()}
            | {severity: count.pairs[severity] for severity in SEVERITIES}
            for count in self.rules()
        ]
        total, least = self.similarities
        mean = round(total / max(1, self.num_compared), 4)
        compared = {"pairs": self.num_compared, "mean": mean, "least": least}
        return {
            "pairs": self.num_pairs,
            "verdicts": {verdict: self.verdicts[verdict] for verdict in VERDICTS},
            "rules": rules,
            "similarity": compared if self.num_compared else None,
        }


def gravest(pair: CheckedPair) -> dict[str, tuple[Severity, int]]:
    """Return each rule that found something in the pair, with its gravest severity there and its version."""
    found: dict[str, tuple[Severity, int]] = {}
    for finding in pair.findings:
        known = found.get(finding.rule)
        if known is None or SEVERITIES.index(finding.severity) < SEVERITIES.index(known[0]):
            found[finding.rule] = (finding.severity, finding.version)
    return found
