"""Lays out one pair for the page: each field on both sides with the spans of its findings marked, and the findings beneath.

In: a pair and what was found in it; out: a `PairView`, whose texts are safe HTML (see `bidi`). Overlong texts are cut, and say so.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from qantara.audit.findings import VERDICTS, CheckedPair, Verdict
from qantara.audit.pairs import Pair, Side, texts
from qantara.bidi import Mark, find_span, text_node
from qantara.languages import language
from qantara.records import Choice, Dialogue, Finding, Span

LONGEST_SHOWN_CHARACTERS = 4000
_PAGE_LANGUAGE = "en"
_SPEAKERS = {"system": "System", "user": "Patient", "assistant": "Doctor"}
_GRAVITY = ("fail", "warn", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One finding: rule, severity, message, and the two facts that were compared (empty where there are none)."""

    rule: str
    severity: str
    message: Markup
    expected: Markup
    got: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One field on both sides; `letters` label options in both languages, ("", "") for what is no option."""

    label: str
    letters: tuple[str, str]
    is_key: bool
    source: Markup
    target: Markup
    num_cut: tuple[int, int]
    findings: Sequence[FindingView]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """One pair; `anchor` is its address on the page, `findings` those that concern no field that is shown."""

    anchor: str
    id: str
    row: int
    verdict: Verdict
    similarity: str
    rules: Sequence[str]
    fields: Sequence[FieldView]
    findings: Sequence[FindingView]

    def badness(self) -> tuple[int, ...]:
        """Return what orders pairs, worst first: the verdict, then how much was found; pairs alike stay in the order of rows."""
        found = [*self.findings, *(finding for field in self.fields for finding in field.findings)]
        counts = [-sum(finding.severity == severity for finding in found) for severity in _GRAVITY]
        return (VERDICTS.index(self.verdict), *counts, self.row)


def pair_view(pair: Pair, checked: CheckedPair, direction: tuple[str, str], *, is_repeated: bool = False) -> PairView:
    """Return a pair laid out; the anchor of an id that several pairs have ends in the row number."""
    before, after = texts(pair.source), texts(pair.target)
    names = list(dict.fromkeys((*before, *after)))
    order = sorted(checked.findings, key=lambda finding: _GRAVITY.index(finding.severity))
    anchor = f"pair-{pair.id}-{pair.number}" if is_repeated else f"pair-{pair.id}"
    return PairView(
        anchor=re.sub(r"\s", "_", anchor),
        id=pair.id,
        row=pair.number,
        verdict=checked.verdict,
        similarity="" if checked.similarity is None else f"{checked.similarity:.2f}",
        rules=list(dict.fromkeys(finding.rule for finding in order)),
        fields=[_field(pair, name, (before.get(name, ""), after.get(name, "")), order, direction) for name in names],
        findings=[_finding(finding) for finding in order if finding.field not in names],
    )


def _field(
    pair: Pair, name: str, sides: tuple[str, str], findings: Sequence[Finding], direction: tuple[str, str]
) -> FieldView:
    here = [finding for finding in findings if finding.field == name]
    source_marks = _marks(sides[0], ((f.source_span, f.source_text, f.severity) for f in here))
    quoting = [
        finding for finding in findings if finding.field in (name, "")
    ]  # a field that isn't named may be this one
    target_marks = _marks(sides[1], ((f.target_span, f.target_text, f.severity) for f in quoting))
    label, letters, is_key = _labels(pair.source, name, direction)
    return FieldView(
        label=label,
        letters=letters,
        is_key=is_key,
        source=_node(sides[0], direction[0], source_marks),
        target=_node(sides[1], direction[1], target_marks),
        num_cut=(_num_cut(sides[0]), _num_cut(sides[1])),
        findings=[_finding(finding) for finding in here],
    )


def _marks(text: str, spans: Iterable[tuple[Span | None, str, str]]) -> list[Mark]:
    """Return marks where a finding has a span, else where its quote stands."""
    marks = []
    for span, quote, severity in spans:
        place = (span.start, span.end) if span is not None else find_span(text, quote)
        if place is not None and place[0] < LONGEST_SHOWN_CHARACTERS:
            marks.append(Mark(place[0], min(place[1], LONGEST_SHOWN_CHARACTERS, len(text)), severity))
    return marks


def _node(text: str, code: str, marks: Sequence[Mark]) -> Markup:
    return text_node(text[:LONGEST_SHOWN_CHARACTERS], code, marks)


def _num_cut(text: str) -> int:
    return max(0, len(text) - LONGEST_SHOWN_CHARACTERS)


def _labels(source: Side, name: str, direction: tuple[str, str]) -> tuple[str, tuple[str, str], bool]:
    group, _, number = name.partition("/")
    if group == "options":
        i = int(number)
        letters = (_letter(direction[0], i), _letter(direction[1], i))
        return f"Option {letters[0]}", letters, isinstance(source, Choice) and i == source.answer_index
    if group == "turns" and isinstance(source, Dialogue) and int(number) < len(source.turns):
        return _SPEAKERS[source.turns[int(number)].role], ("", ""), False
    return group.capitalize(), ("", ""), False


def _letter(code: str, i: int) -> str:
    letters = language(code).option_letters
    return letters[i] if i < len(letters) else str(i + 1)


def _finding(finding: Finding) -> FindingView:
    return FindingView(
        rule=finding.rule,
        severity=finding.severity,
        message=text_node(finding.message, _PAGE_LANGUAGE),
        expected=text_node(finding.expected, _PAGE_LANGUAGE),
        got=text_node(finding.got, _PAGE_LANGUAGE),
    )
