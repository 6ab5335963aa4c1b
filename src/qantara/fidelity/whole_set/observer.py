"""Watches a set stream by and tells what is wrong with it as a whole.

Pass one: `observe` each pair (in any number of shards, then `merge` them in the order of the file). Pass two: `findings` takes the
pairs once more, for quotes and to clear what the sources explain. Texts are held for one batch in pass one and, in pass two, for
the few thousand pairs under suspicion. No rule knows a phrase of any language.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from qantara.fidelity.whole_set.answers import AnswerCounts
from qantara.fidelity.whole_set.folding import Ints
from qantara.fidelity.whole_set.pair import ObservedPair, PairFinding, SetFinding, WholeSetFindings
from qantara.fidelity.whole_set.passages import Passages, Suspect
from qantara.fidelity.whole_set.relations import Relation, Relations, relations
from qantara.fidelity.whole_set.rows import RowTable, fold_side, rows_of
from qantara.fidelity.whole_set.second_reading import SecondReading

_BATCH_SIZE = 256
_CERTAIN_LEAK = 5  # pairs

_SUMMARIES = {
    "set.shared_target": "share a target, or nearly, with pairs of other sources",
    "set.leaked_text": "hold a passage that recurs in targets whose sources have nothing in common",
    "set.near_duplicate": "are the same, or nearly, as an earlier pair",
    "set.lost_stem": "lost their question",
    "set.duplicate_id": "have the id of an earlier pair",
}


@dataclass(slots=True)
class WholeSet:
    """The state of pass one; about 310 bytes a pair, and at most 100 MB for passages."""

    table: RowTable = field(default_factory=RowTable)
    passages: Passages = field(default_factory=Passages)
    answers: AnswerCounts = field(default_factory=AnswerCounts)
    pending: list[ObservedPair] = field(default_factory=list)

    def observe(self, pair: ObservedPair) -> None:
        """Take in one pair of pass one."""
        self.answers.observe(pair)
        self.pending.append(pair)
        if len(self.pending) >= _BATCH_SIZE:
            self._take_in()

    def flush(self) -> None:
        """Turn the pairs that wait for a full batch into rows; call it before a shard is sent to another process."""
        if self.pending:
            self._take_in()
        self.table.trim()

    def merge(self, other: "WholeSet") -> None:
        """Take in another shard, whose pairs come after this one's; `other` is used up."""
        if self.pending:
            self._take_in()
        other.flush()
        self.answers.merge(other.answers)
        self.passages.merge(other.passages)
        rows = other.table.rows()
        if rows is not None:
            self.table.append(rows)

    def findings(self, pairs: Iterable[ObservedPair]) -> WholeSetFindings:
        """Return what is wrong with the set; `pairs` are the observed ones again, by number. The state is used up."""
        if self.pending:
            self._take_in()
        rows = self.table.rows()
        if rows is None:
            return WholeSetFindings(statistics=(), by_pair={})
        related = relations(rows)
        repeated, shared = (
            rows.numbers[_with_rule(related, rule)] for rule in ("set.near_duplicate", "set.shared_target")
        )
        reading = SecondReading(rows.numbers, related, self.passages.suspects(repeated, shared))
        self.passages = Passages()
        for pair in pairs:
            reading.read(pair)
        by_pair = _pair_findings(rows.numbers, related, reading)
        statistics = (*self.answers.findings(), *_statistics(by_pair, len(rows.numbers)))
        return WholeSetFindings(statistics=statistics, by_pair=by_pair)

    def _take_in(self) -> None:
        source = fold_side([pair.source for pair in self.pending])
        target = fold_side([pair.target for pair in self.pending])
        rows = rows_of(self.pending, source, target)
        self.table.append(rows)
        self.passages.observe(target.batch, rows.numbers[target.owners])
        self.pending = []


def _with_rule(related: Relations, rule: str) -> list[int]:
    return [row for row, found in related.items() if any(relation.rule == rule for relation in found)]


def _pair_findings(numbers: Ints, related: Relations, reading: SecondReading) -> dict[int, tuple[PairFinding, ...]]:
    found: dict[int, list[PairFinding]] = defaultdict(list)
    for row, relations_of_row in related.items():
        number = int(numbers[row])
        name, quote = reading.quotes.get(number, ("", ""))
        found[number] += [
            _related(relation, name, quote, int(numbers[relation.partner])) for relation in relations_of_row
        ]
    seen = {int(numbers[row]) for row in _with_rule(related, "set.shared_target")}
    for suspect in reading.leaks():
        for number in suspect.numbers:
            if number not in seen:
                seen.add(number)
                found[number].append(_leak(suspect, number))
    return {number: tuple(found[number]) for number in sorted(found)}


def _related(relation: Relation, name: str, quote: str, partner: int) -> PairFinding:
    return PairFinding(
        rule=relation.rule,
        severity=relation.severity,
        field=name,
        message=relation.message,
        quote=quote,
        num_sharing=relation.num_sharing,
        partner=partner,
    )


def _leak(suspect: Suspect, number: int) -> PairFinding:
    return PairFinding(
        rule="set.leaked_text",
        severity="fail" if len(suspect.numbers) >= _CERTAIN_LEAK else "warn",
        field="",
        message=f"{len(suspect.numbers)} targets hold this passage, and their sources have nothing in common",
        quote=suspect.passage,
        num_sharing=len(suspect.numbers),
        partner=next(other for other in suspect.numbers if other != number),
    )


def _statistics(by_pair: dict[int, tuple[PairFinding, ...]], num_pairs: int) -> list[SetFinding]:
    """Return one line a rule about how many pairs it found; its severity is the worst of the pairs'."""
    counts = Counter((finding.rule, finding.severity) for found in by_pair.values() for finding in found)
    statistics = []
    for rule, summary in _SUMMARIES.items():
        severities: dict[str, int] = {severity: count for (name, severity), count in counts.items() if name == rule}
        total = sum(severities.values())
        if total:
            statistics.append(
                SetFinding(
                    rule=rule,
                    severity="fail" if "fail" in severities else "warn" if "warn" in severities else "info",
                    message=f"{total} of {num_pairs} pairs {summary}",
                    figures={"num_pairs": total, "share": total / num_pairs},
                )
            )
    return statistics
