"""Examples laid out for reading side by side: each field of the source beside each round's text, faults marked and listed.

In: a translation and the decision on it; out: `ExampleView`, whose texts are safe HTML with isolates and marks. The texts of
rejected translations are not here: they are in the ledger only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from markupsafe import Markup

from qantara.bidi import Mark, text_node
from qantara.pages.field_labels import field_label
from qantara.pages.field_marks import field_marks
from qantara.records import Attempt, Decision, Example, Finding, Translation, text_fields
from qantara.report.example_choice import OUTCOMES, outcome

_PAGE_LANGUAGE = "en"  # checks and judge write their messages in it, whatever the direction of the run
_SEVERITIES = {"fail": "fault", "warn": "doubt", "info": "remark"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One finding: what it is called, its message, and the two spans it is about (empty when there are none)."""

    rule: str
    severity: str
    word: str
    message: Markup
    source_span: Markup
    target_span: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field on both sides; `letters` are the option letters of both languages, ("", "") for what is no option."""

    label: str
    letters: tuple[str, str]
    is_key: bool
    source: Markup
    target: Markup
    findings: Sequence[FindingView] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One round, or the reviewer's decision: a heading, a line under it, rows, and findings about the whole record."""

    heading: str
    note: str
    rows: Sequence[Row]
    findings: Sequence[FindingView] = ()
    is_decision: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleView:
    """One translation from first round to decision."""

    title: str
    outcome: str
    parts: Sequence[Part]


def example_view(translation: Translation, decisions: Mapping[str, Decision], target_code: str) -> ExampleView:
    """Return one example; a later round shows only the fields that changed or were faulted."""
    parts, previous = [], dict[str, str]()
    for attempt in translation.attempts:
        parts.append(_round(translation.source, attempt, previous, target_code))
        if attempt.target is not None:
            previous = text_fields(attempt.target)
    decision = decisions.get(translation.source.id)
    if decision is not None:
        last = text_fields(translation.target) if translation.target else {}
        parts.append(_decision(translation.source, decision, last, target_code))
    origin = translation.source.origin
    subject = f", {origin.subject}" if origin.subject else ""
    return ExampleView(
        title=f"{translation.source.kind.capitalize()}{subject} ({origin.native_id or translation.source.id})",
        outcome=OUTCOMES[outcome(translation, decisions)],
        parts=parts,
    )


def _round(source: Example, attempt: Attempt, previous: Mapping[str, str], code: str) -> Part:
    targets = text_fields(attempt.target) if attempt.target is not None else {}
    sources = text_fields(source)
    changed = [name for name in sources if targets and targets.get(name, "") != previous.get(name)]
    faulted = {finding.field for finding in attempt.findings}
    shown = [name for name in sources if targets and (name in changed or name in faulted)]
    rows = [_row(source, name, (targets.get(name, ""), previous.get(name)), attempt.findings, code) for name in shown]
    rest = [finding for finding in attempt.findings if finding.field not in shown]
    return Part(
        heading=f"Round {attempt.round}",
        note=_round_note(attempt, len(sources) - len(shown), is_first=not previous),
        rows=rows,
        findings=[_finding(finding, (source.language, code)) for finding in rest],
    )


def _round_note(attempt: Attempt, num_same: int, *, is_first: bool) -> str:
    if attempt.target is None:
        return "The answer could not be read as a translation."
    told = [f"score {attempt.score} of 100"]
    if attempt.judge_score is not None:
        told.append(f"the judge's own number {attempt.judge_score}")
    if attempt.similarity is not None:
        told.append(f"similarity {attempt.similarity:.2f}")
    if num_same and not is_first:
        told.append("fields that stayed the same are not repeated")
    return "; ".join(told)


def _decision(source: Example, decision: Decision, last: Mapping[str, str], code: str) -> Part:
    words = {"accept": "accepted as it was", "edit": "edited", "reject": "rejected"}
    return Part(
        heading=f"Decision: {words[decision.action]}",
        note=f"by {decision.reviewer}" + (f": {decision.reason}" if decision.reason else ""),
        rows=[_row(source, name, (text, last.get(name)), (), code) for name, text in decision.edited],
        is_decision=True,
    )


def _row(source: Example, name: str, texts: tuple[str, str | None], findings: Iterable[Finding], code: str) -> Row:
    target, before = texts
    text = text_fields(source).get(name, "")
    here = [finding for finding in findings if finding.field == name]
    changes = _changes(before, target) if before is not None else []
    label = field_label(source, name, (source.language, code))
    return Row(
        label=label.text,
        letters=label.letters,
        is_key=label.is_key,
        source=text_node(text, source.language, field_marks(text, here, "source")),
        target=text_node(target, code, [*changes, *field_marks(target, here, "target")]),
        findings=[_finding(finding, (source.language, code)) for finding in here],
    )


def _changes(before: str, after: str) -> list[Mark]:
    """Return marks on the words of `after` that are not in `before`; none when hardly a word stayed."""
    old, new = before.split(" "), after.split(" ")
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < 0.3:
        return []
    starts = [0]
    for word in new:
        starts.append(starts[-1] + len(word) + 1)
    return [
        Mark(starts[first], starts[last] - 1, "new")
        for tag, _, _, first, last in matcher.get_opcodes()
        if tag in {"replace", "insert"}
    ]


def _finding(finding: Finding, direction: tuple[str, str]) -> FindingView:
    source, target = direction
    return FindingView(
        rule=finding.rule,
        severity=finding.severity,
        word=_SEVERITIES[finding.severity],
        message=text_node(finding.message, _PAGE_LANGUAGE),
        source_span=text_node(finding.source_text, source),
        target_span=text_node(finding.target_text, target),
    )
