"""Renders the audit's page: one HTML file that needs no network and no other file, and only for filtering a script.

What is said comes from the summary and the laid-out pairs; the templates beside this module only set it. The one script is named by
its hash in the page's content security policy, so that nothing in the data can run.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from qantara.audit.views import PairView
from qantara.languages import language
from qantara.pages.environment import environment

_VERDICT_WORDS = {"fail": "failed", "warn": "doubtful", "pass": "passed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What the page tells: the summary, the pairs to show in their order, and the two language codes."""

    summary: Mapping[str, Any]
    views: Sequence[PairView]
    direction: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One line of the table of rules; `example` is the anchor of the first pair shown for the rule, "" for none."""

    rule: str
    fail: int
    warn: int
    info: int
    share: float
    num_shown: int
    example: str


def render_page(facts: PageFacts) -> str:
    """Return the page as HTML; the same facts give the same text."""
    script = _script()
    return (
        environment("qantara.audit")
        .get_template("page.html")
        .render(
            summary=facts.summary,
            verdicts=verdict_rows(facts),
            rules=rule_rows(facts),
            views=facts.views,
            choice=choice_line(facts),
            sides=[language(code) for code in facts.direction],
            script=Markup(script),
            script_hash=b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii"),
        )
    )


def verdict_rows(facts: PageFacts) -> list[tuple[str, str, int, float]]:
    """Return verdict, word, count and share, worst first."""
    counts, total = facts.summary["verdicts"], facts.summary["pairs"]
    return [(verdict, word, counts[verdict], counts[verdict] / total) for verdict, word in _VERDICT_WORDS.items()]


def rule_rows(facts: PageFacts) -> list[RuleRow]:
    """Return the table of rules in the summary's order, worst first."""
    shown: dict[str, list[str]] = {}
    for view in facts.views:
        for rule in view.rules:
            shown.setdefault(rule, []).append(view.anchor)
    return [
        RuleRow(
            rule=row["rule"],
            fail=row["fail"],
            warn=row["warn"],
            info=row["info"],
            share=row["pairs"] / facts.summary["pairs"],
            num_shown=len(shown.get(row["rule"], ())),
            example=next(iter(shown.get(row["rule"], ())), ""),
        )
        for row in facts.summary["rules"]
    ]


def choice_line(facts: PageFacts) -> str:
    """Return the sentence that says which pairs are shown, with the numbers."""
    total, num_shown = facts.summary["pairs"], len(facts.views)
    if num_shown == total:
        return f"All {total:,} pairs are shown, worst first."
    told = [
        f"{sum(view.verdict == verdict for view in facts.views):,} of {count:,} that {word}"
        for verdict, count, word in (
            ("fail", facts.summary["verdicts"]["fail"], "failed"),
            ("warn", facts.summary["verdicts"]["warn"], "are doubtful"),
            ("pass", facts.summary["verdicts"]["pass"], "passed"),
        )
    ]
    return (
        f"{num_shown:,} of {total:,} pairs are shown ({', '.join(told)}). Each rule had its turn in choosing, worst rule first, "
        "so their mix is not that of the set; all pairs are in findings.jsonl. Use --show to see more."
    )


@cache
def _script() -> str:
    return files("qantara.audit").joinpath("templates/filter.js").read_text(encoding="utf-8")
