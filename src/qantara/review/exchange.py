"""Translations out to reviewers and decisions back in: one row a field, so that a person edits the sentence, not the record.

`action` (accept, edit, reject), `error` (none, minor, major: how bad the error was that the person found), `reviewer` and `reason`
may stand on any row of a record; `edited` is the new text of the row's field. An import may lack the column `error`. It is all or
nothing: every fault is listed with its line and nothing is stored until there is none.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import get_args

from qantara.errors import DataError
from qantara.fidelity.check import check
from qantara.languages import language
from qantara.records import Action, Decision, ErrorDegree, Finding, Translation, text_fields, worst
from qantara.review.decisions import ERROR_UNLESS_SAID
from qantara.review.stage import edited_target
from qantara.review.tables import Row, read_table, write_table
from qantara.translator.scoring import best

COLUMNS = (
    "record_id",
    "native_id",
    "why",
    "score",
    "field",
    "source",
    "target",
    "findings",
    "action",
    "error",
    "edited",
    "reviewer",
    "reason",
)
_DECISION_COLUMNS = ("record_id", "field", "action", "edited", "reviewer", "reason")
_SAID_ONCE = ("action", "error", "reviewer", "reason")


def export_rows(translations: Iterable[Translation], decisions: Mapping[str, Decision]) -> list[Row]:
    """Return the rows that people should see: doubted translations and those drawn for audit, with decisions already made."""
    rows = []
    for translation in translations:
        if translation.route != "people" and not translation.audit:
            continue
        decision = decisions.get(translation.source.id)
        edits = dict(decision.edited) if decision else {}
        targets = text_fields(translation.target) if translation.target else {}
        findings = best(translation.attempts).findings
        for position, (field, source) in enumerate(text_fields(translation.source).items()):
            row = dict.fromkeys(COLUMNS, "")
            row |= {"record_id": translation.source.id, "native_id": translation.source.origin.native_id}
            row |= {"why": "audit" if translation.audit else translation.reason, "score": str(translation.score)}
            row |= {"field": field, "source": source, "target": targets.get(field, ""), "edited": edits.get(field, "")}
            row["findings"] = _messages(findings, field, whole_record=position == 0)
            if decision and position == 0:
                row |= {"action": decision.action, "error": decision.error}
                row |= {"reviewer": decision.reviewer, "reason": decision.reason}
            rows.append(row)
    return rows


def export_review(path: Path, translations: Iterable[Translation], decisions: Mapping[str, Decision], code: str) -> int:
    """Write the review table; return how many records are in it. `code` is the target language."""
    rows = export_rows(translations, decisions)
    right_to_left = ("target", "edited") if language(code).direction == "rtl" else ()
    write_table(path, COLUMNS, rows, right_to_left)
    return len({row["record_id"] for row in rows})


def import_review(path: Path, translations: Iterable[Translation]) -> list[Decision]:
    """Read a review table back into decisions; rows without an action are left undecided.

    Raises DataError that lists every fault with its line; an edit whose text fails the checks is one unless a reason is given.
    """
    known = {translation.source.id: translation for translation in translations}
    grouped: dict[str, list[tuple[int, Row]]] = {}
    for line, row in read_table(path, _DECISION_COLUMNS, optional=("error",)):
        grouped.setdefault(row["record_id"], []).append((line, row))
    decisions, faults = [], []
    for record_id, rows in grouped.items():
        if record_id not in known:
            faults.append(f"line {rows[0][0]}: record {record_id} is not among this run's translations")
            continue
        decision, found = _read_decision(record_id, rows, known[record_id])
        faults += found
        if decision is not None:
            decisions.append(decision)
    if faults:
        raise DataError(f"{path}: nothing was imported\n" + "\n".join(f"  {fault}" for fault in faults))
    return decisions


def _read_decision(
    record_id: str, rows: Sequence[tuple[int, Row]], translation: Translation
) -> tuple[Decision | None, list[str]]:
    line = rows[0][0]
    edited = tuple((row["field"], row["edited"]) for _, row in rows if row["edited"])
    said = {name: sorted({row[name] for _, row in rows if row[name]}) for name in _SAID_ONCE}
    if not said["action"]:
        given = "edited text" if edited else "an error" if said["error"] else ""
        return None, [f"line {line}: record {record_id} has {given} but no action"] if given else []
    fields = text_fields(translation.source)
    faults = [f"line {line}: {fault}" for fault in _faults(record_id, said, has_edit=bool(edited))]
    faults += [
        f"line {at}: record {record_id} has no field {row['field']!r}" for at, row in rows if row["field"] not in fields
    ]
    if faults:
        return None, faults
    action = next(known for known in get_args(Action) if known == said["action"][0])
    error = next((known for known in get_args(ErrorDegree) if [known] == said["error"]), ERROR_UNLESS_SAID[action])
    decision = Decision(
        record_id=record_id,
        action=action,
        reviewer=said["reviewer"][0],
        reason=(said["reason"] or [""])[0],
        edited=edited if action == "edit" else (),
        error=error,
    )
    return decision, _check_edit(decision, translation, line)


def _faults(record_id: str, said: Mapping[str, Sequence[str]], *, has_edit: bool) -> list[str]:
    """Return what is wrong with the words of a record's rows; `said` holds the different ones by column."""
    faults = [f"record {record_id} has two different values of {name}" for name in said if len(said[name]) > 1]
    for name, known in (("action", get_args(Action)), ("error", get_args(ErrorDegree))):
        faults += [f"{name} {word!r} is not one of {', '.join(known)}" for word in said[name] if word not in known]
    if not said["reviewer"]:
        faults.append(f"record {record_id} names no reviewer")
    if "edit" in said["action"] and not has_edit:
        faults.append(f"record {record_id} is to be edited but has no edited text")
    if "reject" in said["action"] and not said["reason"]:
        faults.append(f"record {record_id} is rejected without a reason")
    if "accept" in said["action"] and "major" in said["error"]:
        faults.append(f"record {record_id} is accepted with a major error: edit it, reject it or call the error minor")
    return faults


def _check_edit(decision: Decision, translation: Translation, line: int) -> list[str]:
    if decision.action != "edit":
        return []
    target = edited_target(translation, decision)
    if target is None:
        return [f"line {line}: record {decision.record_id} has no readable translation to edit; reject it"]
    findings = [finding for finding in check(translation.source, target) if finding.severity == "fail"]
    if worst(findings) == "fail" and not decision.reason:
        rules = ", ".join(sorted({f"{finding.rule} in {finding.field or 'the record'}" for finding in findings}))
        return [f"line {line}: record {decision.record_id}: the edited text fails {rules}; mend it or give a reason"]
    return []


def _messages(findings: Sequence[Finding], field: str, *, whole_record: bool) -> str:
    shown = [f for f in findings if f.field == field or (whole_record and not f.field)]
    return "; ".join(f"{finding.severity}: {finding.message}" for finding in shown)
