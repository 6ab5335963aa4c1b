"""What a rule is: a pure function on a pair, declared with its id, version, severity, what it applies to and why it exists.

Its examples stand in `examples.jsonl` beside this file, in the languages that they are about; each is a test and a line of
`docs/fidelity.md`. A function yields `Match`es in folded places; the rule makes findings of them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from qantara.fidelity.text_pair import TextPair
from qantara.records import Example, Finding, Severity, Span

AppliesTo = Literal["text", "question", "record", "batch"]


class Match(NamedTuple):
    """One thing found: spans in the folded texts (None for none), the facts compared, and a milder severity than the rule's."""

    message: str
    source: tuple[int, int] | None = None
    target: tuple[int, int] | None = None
    expected: str = ""
    got: str = ""
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: `severity` is the worst that it gives, `why` one line for people; calling it runs it on one field's two texts."""

    id: str
    version: int
    severity: Severity
    applies_to: AppliesTo
    why: str
    find: Callable[[TextPair], Iterable[Match]]

    def __call__(self, pair: TextPair) -> list[Finding]:
        """Return what the rule finds in a pair."""
        return [self.finding(pair, match) for match in self.find(pair)]

    def finding(self, pair: TextPair, match: Match) -> Finding:
        """Return what a match of this rule in a pair tells a reviewer."""
        source, target = pair.source_reading, pair.target_reading
        return Finding(
            rule=self.id,
            version=self.version,
            severity=match.severity or self.severity,
            field=pair.field,
            message=match.message,
            source_text=source.quote(*match.source) if match.source else "",
            target_text=target.quote(*match.target) if match.target else "",
            source_span=_span(source.span(*match.source)) if match.source else None,
            target_span=_span(target.span(*match.target)) if match.target else None,
            expected=match.expected,
            got=match.got,
        )


def rule(
    id: str,
    *,
    severity: Severity,
    why: str,
    version: int = 1,
    applies_to: AppliesTo = "text",
) -> Callable[[Callable[[TextPair], Iterable[Match]]], Rule]:
    """Declare the decorated function as a rule."""

    def declare(find: Callable[[TextPair], Iterable[Match]]) -> Rule:
        return Rule(id=id, version=version, severity=severity, applies_to=applies_to, why=why, find=find)

    return declare


def _span(span: Span) -> Span | None:
    return span if span.end > span.start else None


class RecordMatch(NamedTuple):
    """One thing found in a record: the field ("" for the whole record), a sentence, quotes, and the facts compared."""

    field: str
    message: str
    source_text: str = ""
    target_text: str = ""
    expected: str = ""
    got: str = ""
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRule:
    """A rule on two records of one kind; otherwise as `Rule`."""

    id: str
    version: int
    severity: Severity
    applies_to: str
    why: str
    find: Callable[[Example, Example], Iterable[RecordMatch]]

    def __call__(self, source: Example, target: Example) -> list[Finding]:
        """Return what the rule finds in two records."""
        return [self._finding(match) for match in self.find(source, target)]

    def _finding(self, match: RecordMatch) -> Finding:
        return Finding(
            rule=self.id,
            version=self.version,
            severity=match.severity or self.severity,
            field=match.field,
            message=match.message,
            source_text=match.source_text,
            target_text=match.target_text,
            source_span=Span(start=0, end=len(match.source_text)) if match.source_text and match.field else None,
            target_span=Span(start=0, end=len(match.target_text)) if match.target_text and match.field else None,
            expected=match.expected,
            got=match.got,
        )


def record_rule(
    id: str,
    *,
    severity: Severity = "fail",
    why: str,
    applies_to: str,
    version: int = 1,
) -> Callable[[Callable[[Example, Example], Iterable[RecordMatch]]], RecordRule]:
    """Declare the decorated function as a rule on records."""

    def declare(find: Callable[[Example, Example], Iterable[RecordMatch]]) -> RecordRule:
        return RecordRule(id=id, version=version, severity=severity, applies_to=applies_to, why=why, find=find)

    return declare
