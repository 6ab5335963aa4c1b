"""A judge's answer: JSON error spans read into findings. The score follows from the findings in `scoring`, not from the judge.

A critical or major span is a fail, a minor one mere information. An answer that can't be read is a fail of its own: what was
not judged is never taken for right.
"""

import json
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from qantara.llm.interface import Response
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
    score: int | None = None


class Judgement(NamedTuple):
    """The judge's findings and its own overall number (None when it gave none)."""

    findings: tuple[Finding, ...]
    own_score: int | None


def read_judgement(response: Response) -> Judgement:
    """Read a judge's answer; text around the JSON object is allowed, a cut-off or broken object is not."""
    text = response.text
    start, end = text.find("{"), text.rfind("}")
    if response.finish_reason != "stop" or start < 0 or end < start:
        return _unreadable()
    try:
        answer = _Answer.model_validate(json.loads(text[start : end + 1]))
    except (json.JSONDecodeError, ValidationError):
        return _unreadable()
    return Judgement(tuple(_finding(span) for span in answer.spans), answer.score)


def _finding(span: _Span) -> Finding:
    return Finding(
        rule=f"judge.{span.category}",
        severity=_SEVERITIES[span.severity],
        field=span.field,
        message=span.suggestion or f"the judge found a {span.severity} {span.category} error",
        source_text=span.source,
        target_text=span.target,
    )


def _unreadable() -> Judgement:
    message = "the judge's answer could not be read, so nobody has judged this text"
    return Judgement((Finding(rule="judge.unreadable", severity="fail", field="", message=message),), None)
