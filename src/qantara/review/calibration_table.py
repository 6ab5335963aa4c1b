"""A calibration in words and numbers for the terminal: three tables, what is missing and how to mend it, and the threshold."""

import math
from textwrap import fill

from qantara.records import Calibration
from qantara.review.agreement import num_needed
from qantara.review.calibration import Agreement, Candidate, Report

_ROWS_SHOWN = 25
_WIDTH = 100
_UNKNOWN = "not known"


def table(report: Report) -> list[str]:
    """Return the report as lines of plain text."""
    lines = [
        *_decided(report),
        "",
        *_agreement_lines(report),
        "",
        *_accepted_lines(report),
        "",
        *_candidate_lines(report),
    ]
    if told := notes(report):
        lines += ["", *(fill(f"note: {note}", _WIDTH, subsequent_indent=" " * 6) for note in told)]
    return [*lines, "", conclusion(report)]


def conclusion(report: Report) -> str:
    """Return one sentence: the threshold, or that there is none."""
    found = report.calibration
    wanted = f"at most {found.error_rate:.1%} major errors"
    if found.threshold is None or found.upper_error_rate is None or found.review_share is None:
        return f"no threshold: no score is shown to keep accepted records to {wanted}, so the calibration holds none"
    return (
        f"threshold {found.threshold}: with {found.confidence:.0%} confidence {wanted} (bound {found.upper_error_rate:.1%}); "
        f"{found.review_share:.1%} of the records go to people"
    )


def notes(report: Report) -> list[str]:
    """Return what a reader must know to trust the numbers, each with what would mend it."""
    found = report.calibration
    if not found.num_audited and not found.num_doubted_decided:
        return [
            "nobody has decided on a record yet: qantara review export RUN, fill in, qantara review import RUN FILE"
        ]
    told = []
    if open_doubted := found.num_doubted - found.num_doubted_decided:
        told.append(
            f"undecided: {open_doubted:,} of {found.num_doubted:,} doubted records. Which ones were left may be no chance: the AUC "
            "takes them to be like the decided ones, and a threshold that accepts them counts each as a major error"
        )
    if open_drawn := report.num_drawn - found.num_audited:
        told.append(
            f"undecided: {open_drawn:,} of {report.num_drawn:,} accepted records drawn at random: the error rate is right only if "
            "those were not left for what they are"
        )
    if report.num_left_out:
        told.append(
            f"on accepted records that were not drawn at random, in no rate here: {report.num_left_out:,} decided"
        )
    if found.auc is None:
        what = "record without a major error" if found.num_audited_wrong + found.num_doubted_wrong else "major error"
        told.append(f"people have not found one {what} yet: there is nothing to tell apart, so no AUC")
    return [*told, *_audit_notes(found)]


def _audit_notes(found: Calibration) -> list[str]:
    """Return how many more accepted records people would have to see to show the error rate, if they find no further error."""
    if not found.num_accepted:
        return ["this run accepted nothing, so there is no error rate of accepted records"]
    needed = num_needed(found.num_audited_wrong, found.error_rate, found.confidence)
    more = needed - found.num_audited
    if more <= 0:
        return []
    if found.accepted_error_rate is not None and found.accepted_error_rate > found.error_rate:
        return [
            f"more than {found.error_rate:.1%} of the accepted records that people saw have a major error: seeing more of them "
            "will hardly help; a higher threshold may, or a better translator or judge"
        ]
    wanted = (
        f"to show at most {found.error_rate:.1%} for what this run accepted, people would have to see {more:,} more"
    )
    if needed > found.num_accepted:
        return [f"{wanted} accepted records and find no major error; this run accepted only {found.num_accepted:,}"]
    rate = math.ceil(1000 * needed / found.num_accepted) / 1000
    return [f"{wanted} and find no major error: run again with translate.audit_rate {rate:g} or more"]


def _decided(report: Report) -> list[str]:
    found = report.calibration
    total = found.num_accepted + found.num_doubted
    return [
        f"{'records':36}{total:>10,}",
        f"{'doubted, decided':36}{found.num_doubted_decided:>10,} of {found.num_doubted:,}",
        f"{'accepted and drawn, decided':36}{found.num_audited:>10,} of {report.num_drawn:,} (accepted {found.num_accepted:,})",
    ]


def _agreement_lines(report: Report) -> list[str]:
    head = f"{'agreement with people':36}{'decided':>10}{'major':>8}{'AUC':>11}   {_percent(report)} interval"
    shown = [row for row in report.agreements if row.decided or not row.kind]
    return [
        head,
        *(_agreement_line(row) for row in shown),
        "AUC: chance that a major error has the lower number; 0.5 is a coin",
    ]


def _agreement_line(row: Agreement) -> str:
    name = ("score" if row.number == "score" else "judge's own number") + (f", {row.kind}" if row.kind else "")
    if row.auc.value is None:
        return f"{name:36}{row.decided:>10,}{row.wrong:>8,}{_UNKNOWN:>11}"
    between = f"{row.auc.low:.3f} to {row.auc.high:.3f}"
    return f"{name:36}{row.decided:>10,}{row.wrong:>8,}{row.auc.value:>11.3f}   {between}"


def _accepted_lines(report: Report) -> list[str]:
    found = report.calibration
    head = f"{'errors in accepted records':36}{'decided':>10}{'found':>8}{'rate':>11}   {_percent(report)} interval"
    if found.accepted_error_rate is None or report.any_error.value is None:
        return [head, f"{'major':36}{0:>10}{0:>8}{_UNKNOWN:>11}"]
    both = report.any_error
    major = (found.num_audited_wrong, found.accepted_error_rate, found.accepted_error_low, found.accepted_error_high)
    rows = [("major", *major), ("major or minor", report.num_any_error, both.value, both.low, both.high)]
    return [
        head,
        *(
            f"{name:36}{found.num_audited:>10,}{hits:>8,}{value:>11.2%}   {low:.2%} to {high:.2%}"
            for name, hits, value, low, high in rows
        ),
    ]


def _candidate_lines(report: Report) -> list[str]:
    found = report.calibration
    head = f"{'threshold':9}{'accepted':>11}{'to people':>11}{'decided':>10}{'major':>8}{'rate':>11}{'at most':>10}"
    if not report.candidates:
        return [head, "no record is readable and without a fail: there is nothing that a threshold could accept"]
    thresholds = [candidate.threshold for candidate in report.candidates]
    middle = thresholds.index(found.threshold) if found.threshold is not None else 0
    first = max(0, min(middle - _ROWS_SHOWN // 2, len(thresholds) - _ROWS_SHOWN))
    shown = report.candidates[first : first + _ROWS_SHOWN]
    lines = [head, *(_candidate_line(row, chosen=row.threshold == found.threshold) for row in shown)]
    if left := len(thresholds) - len(shown):
        lines.append(f"and {left} more with --json")
    return lines


def _candidate_line(row: Candidate, *, chosen: bool) -> str:
    rate = _UNKNOWN if row.rate is None else f"{row.rate:.2%}"
    mark = "  <- chosen" if chosen else f"  {row.undecided:,} undecided" if row.undecided else ""
    return (
        f"{row.threshold:>9}{row.accepted:>11,}{row.review_share:>11.1%}{row.decided:>10,}{row.wrong:>8,}{rate:>11}"
        f"{row.upper:>10.2%}{mark}"
    )


def _percent(report: Report) -> str:
    return f"{100 * report.calibration.confidence:g}%"
