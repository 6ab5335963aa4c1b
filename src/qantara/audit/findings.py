"""A line of `findings.jsonl` for each pair: id, row, verdict, similarity, findings; written, read back, joined with the set's."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from qantara.fidelity.whole_set import PairFinding
from qantara.records import Finding, Span, worst

Verdict = Literal["pass", "warn", "fail"]
VERDICTS: tuple[Verdict, ...] = ("fail", "warn", "pass")
_NAMES = [field.name for field in fields(Finding)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPair:
    """What was found in one pair; `similarity` is None where meanings were not compared."""

    row: int
    id: str
    similarity: float | None
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """Return the verdict that follows from the findings."""
        return worst(self.findings)

    def with_set_findings(self, found: Iterable[PairFinding]) -> "CheckedPair":
        """Return the pair with what the rest of the set tells about it added."""
        return replace(self, findings=(*self.findings, *map(_of_set, found)))

    def line(self) -> str:
        """Return the pair as one line of JSON, with its line end."""
        similarity = None if self.similarity is None else round(self.similarity, 4)
        head = {"id": self.id, "row": self.row, "verdict": self.verdict, "similarity": similarity}
        return json.dumps(head | {"findings": [_as_json(found) for found in self.findings]}, ensure_ascii=False) + "\n"


def parse_line(line: str) -> CheckedPair:
    """Return the pair that `CheckedPair.line` wrote."""
    value = json.loads(line)
    findings = tuple(_of_json(found) for found in value["findings"])
    return CheckedPair(row=value["row"], id=value["id"], similarity=value["similarity"], findings=findings)


def _of_set(found: PairFinding) -> Finding:
    message = f"{found.message} (see row {found.partner})"
    return Finding(
        rule=found.rule,
        severity=found.severity,
        field=found.field,
        message=message,
        target_text=found.quote,
    )


def _as_json(finding: Finding) -> dict[str, object]:
    values = {name: getattr(finding, name) for name in _NAMES}
    return values | {name: [span.start, span.end] if span else None for name, span in _spans(finding).items()}


def _of_json(value: dict[str, Any]) -> Finding:
    spans = {
        name: Span(start=value[name][0], end=value[name][1]) for name in ("source_span", "target_span") if value[name]
    }
    return Finding(**(value | spans))


def _spans(finding: Finding) -> dict[str, Span | None]:
    return {"source_span": finding.source_span, "target_span": finding.target_span}
