"""What came in and went out of each stage, and why: steps for the flow picture and rows for the table."""

from dataclasses import dataclass

from markupsafe import Markup

from qantara.pages.formatting import count, seconds
from qantara.pages.sections import Cell, Section, Table
from qantara.report.facts import Json, RunFacts

_WHAT = {
    "sources": "reads the data sets into records",
    "benchmark": "reads the paired benchmark items, both languages counted",
    "curate": "cleans the text, drops what is empty, doubled or in a benchmark",
    "translate": "translates, checks, scores and retranslates",
    "review": "takes people's decisions; doubted items pass only with one",
    "mix": "picks and renders samples within the token budget",
    "texts": "reads and cleans the raw texts",
    "text_mix": "picks and renders texts within their token budget",
    "pretrain": "trains the adapters on raw text",
    "train": "trains the adapters",
    "evaluate": "asks the benchmark in both languages",
    "report": "writes this page",
}
_SAMPLES = dict.fromkeys(("mix", "text_mix"), "samples") | dict.fromkeys(("pretrain", "train"), "losses")
_OUT = {"translate": "translations", "evaluate": "predictions"} | _SAMPLES
_BESIDE = {"benchmark", "texts", "text_mix"}  # stages that do not stand in the line from source to model


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One box of the flow picture; `share` 0..1 is what was kept, `unit` names what came out.

    `came_in` is None where the outputs are no longer the inputs (training makes losses, not records).
    """

    name: str
    came_in: str | None
    kept: str
    unit: str
    rejected: str
    share: float


def steps(facts: RunFacts) -> list[Step]:
    """Return the stages of the line from source to model that ran, in order."""
    return [_step(name, summary) for name, summary in facts.summaries.items() if name not in _BESIDE]


def chain_section(facts: RunFacts) -> Section:
    """Return the section under the flow picture: a sentence on completeness and the table."""
    rows: list[list[Cell]] = [
        [
            name,
            _WHAT.get(name, ""),
            "" if summary["in"] is None else count(summary["in"]),
            count(summary["kept"]),
            count(summary["rejected"]),
            _reasons(summary["reasons"]),
            seconds(summary["seconds"]),
        ]
        for name, summary in facts.summaries.items()
    ]
    headers = ("Stage", "What it does", "In", "Kept", "Rejected", "Why rejected", "Time")
    table = Table(caption="The stages of this run", headers=headers, rows=rows, numeric=frozenset({2, 3, 4, 6}))
    return Section(anchor="chain", title="The chain", paragraphs=[_completeness(facts)], tables=[table] if rows else [])


def _step(name: str, summary: Json) -> Step:
    came_in, rejected = summary["in"], summary["rejected"]
    return Step(
        name=name,
        came_in=None if came_in is None else count(came_in),
        kept=count(summary["kept"]),
        unit=_OUT.get(name, "kept"),
        rejected=count(rejected) if rejected else "",
        share=summary["kept"] / came_in if came_in else 1.0,
    )


def _completeness(facts: RunFacts) -> str:
    if not facts.summaries:
        return "No stage of this run has ended yet."
    odd = [
        name
        for name, summary in facts.summaries.items()
        if summary["in"] is not None and summary["in"] != summary["kept"] + summary["rejected"]
    ]
    if odd:
        return f"In and out do not add up for: {', '.join(odd)}."
    return "Every record that goes into a stage comes out once: kept, or rejected with a reason."


def _reasons(reasons: dict[str, int]) -> Cell:
    if not reasons:
        return ""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return Markup("<br>").join(Markup("{} <code>{}</code>").format(count(number), reason) for reason, number in ordered)
