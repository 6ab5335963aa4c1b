"""Lays out one pair for the page: each field on both sides with the spans of its findings marked, and the findings beneath.

In: a pair and what was found in it; out: a `PairView`, whose texts are safe HTML (see `bidi`). Overlong texts are cut, and say so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from qantara.audit.findings import VERDICTS, CheckedPair, Verdict
from qantara.audit.pairs import Pair, texts
from qantara.bidi import Mark, text_node
from qantara.pages.field_labels import field_label
from qantara.pages.field_marks import field_marks
from qantara.records import Finding

LONGEST_SHOWN_CHARACTERS = 4000
_PAGE_LANGUAGE = "en"
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
    quoting = [f for f in findings if f.field in (name, "")]  # a field that isn't named may be this one
    label = field_label(pair.source, name, direction)
    return FieldView(
        label=label.text,
        letters=label.letters,
        is_key=label.is_key,
        source=_node(sides[0], direction[0], field_marks(sides[0], here, "source")),
        target=_node(sides[1], direction[1], field_marks(sides[1], quoting, "target")),
        num_cut=(_num_cut(sides[0]), _num_cut(sides[1])),
        findings=[_finding(finding) for finding in here],
    )


def _node(text: str, code: str, marks: Sequence[Mark]) -> Markup:
    shown = text[:LONGEST_SHOWN_CHARACTERS]
    cut = [mark._replace(end=min(mark.end, len(shown))) for mark in marks if mark.start < len(shown)]
    return text_node(shown, code, cut)


def _num_cut(text: str) -> int:
    return max(0, len(text) - LONGEST_SHOWN_CHARACTERS)


def _finding(finding: Finding) -> FindingView:
    return FindingView(
        rule=finding.rule,
        severity=finding.severity,
        message=text_node(finding.message, _PAGE_LANGUAGE),
        expected=text_node(finding.expected, _PAGE_LANGUAGE),
        got=text_node(finding.got, _PAGE_LANGUAGE),
    )
