"""Published accuracies to set a run beside: what papers and repositories print, with where it was read and what is doubtful.

In: `published.tsv` and `published_sources.tsv` beside this module. None of it was run here, and prompts and scoring differ.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_FAMILIES = (
    "pubmedqa",
    "medmcqa",
    "medqa",
    "mmlu",
    "medarabiq",
    "medarabench",
)  # pubmedqa first: medqa is written in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where rows were read: a citation, its arXiv ids ("" for none), what kind of text it was, and what to be careful of."""

    citation: str
    arxiv: str
    read_from: str
    caution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One printed accuracy in percent; `language` is a code, "en+ar" (mean of both) or "ar-translated" (translated first)."""

    system: str
    setting: str
    language: str
    task: str
    percent: float
    note: str
    source: Source


@cache
def published() -> tuple[Published, ...]:
    """Return all rows in the order of the file."""
    sources = {row.pop("source"): Source(**row) for row in _rows("published_sources.tsv")}
    return tuple(
        Published(
            system=row["system"],
            setting=row["setting"],
            language=row["language"],
            task=row["task"],
            percent=float(row["percent"]),
            note=row["note"],
            source=sources[row["source"]],
        )
        for row in _rows("published.tsv")
    )


def published_for(tasks: Iterable[str]) -> tuple[list[Published], list[Published]]:
    """Return the rows of the same benchmarks as these tasks, and the rest; a file that has no known name has none."""
    wanted = {family for task in tasks if (family := _family(task))}
    mine: list[Published] = []
    rest: list[Published] = []
    for row in published():
        families = {_family(task) for task in row.task.split("+")}
        (mine if families & wanted else rest).append(row)
    return mine, rest


def _family(task: str) -> str:
    folded = re.sub(r"[^a-z0-9]", "", task.lower())
    return next((family for family in _FAMILIES if family in folded), "")


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("qantara.evaluate.pages").joinpath(name).read_text(encoding="utf-8")
    columns, *rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    for row in rows:
        yield dict(zip(columns, row, strict=True))
