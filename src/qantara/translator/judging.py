"""A judge's answer: JSON error spans in a checked schema, read into findings. The score follows from these in `scoring`.

A critical or major span is a fail, a minor one mere information. A span whose quotes do not stand in the texts is not proven: it
is a warning. An answer that can't be read is never taken for "no errors".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qantara.llm.readable import json_object
from qantara.records import Finding, Severity

_SEVERITIES: dict[str, Severity] = {"critical": "fail", "major": "fail", "minor": "info"}


class _Span(BaseModel):
    model_config = ConfigDict(extra="ignore")

    field: str
    category: Literal["number", "unit", "negation", "term", "laterality", "omission", "option", "fluency", "other"] = (
        "other"
    )
    severity: Literal["critical", "major", "minor"]
    source: str = ""
    target: str = ""
    suggestion: str = ""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    spans: list[_Span]
    score: int | None = Field(default=None, ge=0, le=100)


class Judgement(NamedTuple):
    """The judge's findings and its own overall number 0-100 (None when it gave none)."""

    findings: tuple[Finding, ...]
    own_score: int | None


def schema() -> str:
    """Return the JSON Schema of a judge's answer, for servers that can enforce one: every property required, nothing else."""
    properties = _Span.model_json_schema()["properties"]
    span = {
        "type": "object",
        "properties": {
            name: {key: value for key, value in facts.items() if key in ("type", "enum")}
            for name, facts in properties.items()
        },
        "required": list(properties),
        "additionalProperties": False,
    }
    answer = {
        "type": "object",
        "properties": {"spans": {"type": "array", "items": span}, "score": {"type": "integer"}},
        "required": ["spans", "score"],
        "additionalProperties": False,
    }
    return json.dumps(answer, sort_keys=True, separators=(",", ":"))


def read_judgement(text: str, source: Mapping[str, str], target: Mapping[str, str]) -> Judgement | None:
    """Read a judge's answer on these texts by field name; None if there is no JSON object of the schema in it.

    Text around the object is allowed; a span on a field that is not there makes the answer unreadable.
    """
    try:
        answer = _Answer.model_validate(json_object(text))
    except ValidationError:
        return None
    if any(span.field not in source for span in answer.spans):
        return None
    return Judgement(tuple(_finding(span, source, target) for span in answer.spans), answer.score)


def not_judged(reason: str) -> Judgement:
    """Return what stands for a judgement that there is none of, `reason` being a short code."""
    message = "the judge gave no answer that could be read, so nobody has judged this text"
    return Judgement((Finding(rule=f"judge.{reason}", severity="fail", field="", message=message),), None)


def combined(first: Judgement, second: Judgement) -> Judgement:
    """Return what two judges say together: what one alone calls a fail is a warning; the number is their mean."""
    agreed = [_told_by(finding, second.findings) for finding in first.findings]
    findings = [finding if both else _doubted(finding) for finding, both in zip(first.findings, agreed, strict=True)]
    findings += [_doubted(finding) for finding in second.findings if not _told_by(finding, first.findings)]
    numbers = [judgement.own_score for judgement in (first, second) if judgement.own_score is not None]
    return Judgement(tuple(findings), round(sum(numbers) / len(numbers)) if numbers else None)


def _finding(span: _Span, source: Mapping[str, str], target: Mapping[str, str]) -> Finding:
    severity = _SEVERITIES[span.severity]
    message = span.suggestion or f"the judge found a {span.severity} {span.category} error"
    stands = _has(source[span.field], span.source) and _has(target.get(span.field, ""), span.target)
    if severity == "fail" and not (stands and (span.source or span.target)):
        severity = "warn"
        message = f"not proven by a quote that stands in the texts: {message}"
    return Finding(
        rule=f"judge.{span.category}",
        severity=severity,
        field=span.field,
        message=message,
        source_text=span.source,
        target_text=span.target,
    )


def _has(text: str, quote: str) -> bool:
    return " ".join(quote.split()) in " ".join(text.split())


def _told_by(finding: Finding, others: Sequence[Finding]) -> bool:
    """Tell whether another judge found it too: the same field, and the same category or quotes that overlap."""
    return any(
        other.field == finding.field
        and other.severity == finding.severity
        and (other.rule == finding.rule or _overlap(other, finding))
        for other in others
    )


def _overlap(first: Finding, second: Finding) -> bool:
    pairs = ((first.source_text, second.source_text), (first.target_text, second.target_text))
    return any(a and b and (a in b or b in a) for a, b in pairs)


def _doubted(finding: Finding) -> Finding:
    return replace(finding, severity="warn") if finding.severity == "fail" else finding
