"""Where a field's text is marked on a page: at the span of each finding, or where its quote stands when it has no span."""

from collections.abc import Iterable
from typing import Literal

from qantara.bidi import Mark, find_span
from qantara.records import Finding


def field_marks(text: str, findings: Iterable[Finding], side: Literal["source", "target"]) -> list[Mark]:
    """Return the marks on one side's text of a field, of the kind of each finding's severity."""
    marks = []
    for finding in findings:
        is_source = side == "source"
        span = finding.source_span if is_source else finding.target_span
        quote = finding.source_text if is_source else finding.target_text
        place = (span.start, span.end) if span is not None else find_span(text, quote)
        if place is not None:
            marks.append(Mark(place[0], min(place[1], len(text)), finding.severity))
    return marks
