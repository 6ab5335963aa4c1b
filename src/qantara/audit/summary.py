"""Puts an audit's results into words and numbers: `summary.json`, and the few lines that a person sees on the terminal.

Nothing here quotes a pair; ids and row numbers only. No times and no paths of this machine, so that equal audits have equal bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from qantara import __version__
from qantara.audit.checking import CheckSettings
from qantara.audit.passes import FirstPass, SecondPass
from qantara.fidelity.whole_set import WholeSetFindings

_RULES_TOLD = 12
_BAD_ROWS_TOLD = 5
_NEVER_CHECKED = (
    "Whether the source itself is true, and whether the keyed answer is the right one.",
    "Style, register and fluency of the target.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRecall:
    """How many seeded faults of one kind, put into pairs that passed, were found: as a fail, and as a fail or warning."""

    kind: str
    made: int
    failed: int
    found: int


def summary_of(
    name: str, settings: CheckSettings, passed: FirstPass, joined: SecondPass, found: WholeSetFindings
) -> dict[str, Any]:
    """Return what `summary.json` holds; `name` is the audited file's."""
    shape = settings.shape
    bad_rows = [{"row": row, "reason": reason} for row, reason in passed.bad_rows]
    return {
        "qantara": __version__,
        "input": name,
        "source_language": shape.source_language,
        "target_language": shape.target_language,
        "rows": passed.num_rows,
        "bad_rows": {"count": passed.num_bad, "named": bad_rows},
        **joined.tally.as_json(),
        "clean_ids": joined.num_clean,
        "repeated_ids": {"count": len(passed.repeated_ids), "named": joined.repeated_ids},
        "set": [asdict(finding) for finding in found.statistics],
        "not_checked": not_checked(settings, passed),
        "self_test": None,
    }


def not_checked(settings: CheckSettings, passed: FirstPass) -> list[str]:
    """Return, one sentence each, what this audit did not look at."""
    told = []
    if passed.num_bad:
        told.append(f"{passed.num_bad:,} bad rows: they are no pairs, so no rule has seen them.")
    if settings.meaning is None:
        told.append("Meaning: no sentence encoder was used, so a fluent text about something else may pass.")
    if settings.glossary is None:
        told.append("Terms of a glossary: none was given.")
    return [*told, *_NEVER_CHECKED]


def bad_rows_line(summary: Mapping[str, Any]) -> str:
    """Return one line that counts and names bad rows; "" when there are none."""
    count, named = summary["bad_rows"]["count"], summary["bad_rows"]["named"]
    if not count:
        return ""
    told = "; ".join(f"row {row['row']}: {row['reason']}" for row in named[:_BAD_ROWS_TOLD])
    more = f"; and {count - _BAD_ROWS_TOLD:,} more" if count > _BAD_ROWS_TOLD else ""
    return f"{count:,} bad {'row' if count == 1 else 'rows'} ({told}{more}), all named in bad_rows.jsonl"


def table(summary: Mapping[str, Any]) -> list[str]:
    """Return the result as lines of plain text: verdicts, then the worst rules."""
    total = summary["pairs"]
    lines = [f"{'pairs':24}{total:>10,}"]
    lines += [
        f"{verdict:24}{summary['verdicts'][verdict]:>10,}{summary['verdicts'][verdict] / total:>9.1%}"
        for verdict in ("pass", "warn", "fail")
    ]
    lines.append(f"{'bad rows':24}{summary['bad_rows']['count']:>10,}")
    if summary["rules"]:
        lines += ["", f"{'rule (pairs)':36}{'fail':>8}{'warn':>8}{'info':>8}"]
        lines += [_rule_line(rule) for rule in summary["rules"][:_RULES_TOLD]]
    if (left := len(summary["rules"]) - _RULES_TOLD) > 0:
        lines.append(f"and {left} more {'rule' if left == 1 else 'rules'} in summary.json")
    for finding in summary["set"]:
        if finding["severity"] != "info":
            lines += ["", f"the set: {finding['message']} ({finding['rule']}, {finding['severity']})"]
    return [*lines, *_self_test_lines(summary["self_test"] or ())]


def _rule_line(rule: Mapping[str, Any]) -> str:
    return f"{rule['rule']:36}{rule['fail']:>8,}{rule['warn']:>8,}{rule['info']:>8,}"


def _self_test_lines(recalls: Sequence[Mapping[str, Any]]) -> list[str]:
    if not recalls:
        return []
    head = ["", f"{'self-test: seeded fault':36}{'made':>8}{'fail':>8}{'found':>8}"]
    return head + [f"{r['kind']:36}{r['made']:>8,}{r['failed']:>8,}{r['found']:>8,}" for r in recalls]
