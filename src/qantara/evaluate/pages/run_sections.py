"""The report's sections on what was run: costs, doubted translations, tasks, published numbers, identity and files.

In: the report's facts; out: sections that the shared templates set. Nothing here is a result of the model.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from qantara.evaluate.pages.published import Published, published_for
from qantara.evaluate.pages.report_facts import Json, ReportFacts
from qantara.evaluate.pages.report_tables import ARM, TASK, Column, counted, table_of
from qantara.languages import LANGUAGES, language
from qantara.pages.formatting import NOT_KNOWN, count, percent, seconds
from qantara.pages.sections import Cell, Section, Table, code

_DOLLARS = {"free": "free: runs here", "unpriced": "unpriced"}


def run_sections(facts: ReportFacts) -> list[Section]:
    """Return the sections that there is something to say in, in their order."""
    made: list[Callable[[ReportFacts], Section | None]] = [
        cost_section,
        doubt_section,
        task_section,
        published_section,
        identity_section,
    ]
    return [section for make in made if (section := make(facts)) is not None]


def cost_section(facts: ReportFacts) -> Section | None:
    """Return what each arm takes beside the accuracy that it gets."""
    if not facts.costs:
        return None
    columns = [
        *(TASK, ARM, Column("Accuracy", lambda row: _accuracy(facts, row)), counted("Calls", "calls")),
        *(counted("Prompt tokens", "prompt_tokens"), counted("Tokens written", "completion_tokens")),
        counted("Tokens scored here", "scored_tokens"),
        Column("Seconds of calls", lambda row: seconds(row["call_seconds"])),
        Column("Seconds waited", lambda row: seconds(row["wall_seconds"])),
        Column("US dollars", _money),
    ]
    text = (
        "A call that two arms share costs each of them its full price, so arms do not add up to the run. Seconds of calls add up "
        "what was under way at once; a resumed run waited only for what was missing."
    )
    tables = [table_of("By arm", facts.costs, columns)]
    return Section(anchor="costs", title="What each arm takes", paragraphs=[text], tables=tables)


def doubt_section(facts: ReportFacts) -> Section | None:
    """Return how many translations the checks doubted."""
    if not facts.doubts:
        return None
    columns = [
        *(TASK, ARM, counted("Translated", "num_items"), counted("Doubted", "num_doubted")),
        Column("Share", lambda row: percent(row["num_doubted"] / row["num_items"] if row["num_items"] else None)),
        counted("Left untranslated", "num_fallback"),
        Column(
            "Why", lambda row: ", ".join(f"{rule} {count(n)}" for rule, n in row["reasons"].items()), is_number=False
        ),
    ]
    text = (
        "Doubted translations were asked all the same, and what could not be translated was asked as it was: what a translator "
        "does to items is part of what such an arm measures."
    )
    tables = [table_of("Translations that a check doubts", facts.doubts, columns)]
    return Section(anchor="doubts", title="Doubted translations", paragraphs=[text], tables=tables)


def task_section(facts: ReportFacts) -> Section:
    """Return the tasks with licence, citation and how many items could not be used."""
    rows: list[list[Cell]] = [
        [row["name"], count(row["num_items"]), count(row["num_rejected"]), row["licence"], row["citation"]]
        for row in facts.tasks
    ]
    headers = ("Task", "Items", "Rejected", "Licence", "Citation")
    table = Table(caption="Tasks", headers=headers, rows=rows, numeric=frozenset({1, 2}))
    return Section(anchor="tasks", title="Tasks", tables=[table])


def published_section(facts: ReportFacts) -> Section:
    """Return published accuracies on the same benchmarks, and folded all others, with what is doubtful about them."""
    mine, rest = published_for([row["name"] for row in facts.tasks])
    cautions = [
        f"{source.citation}{_arxiv(source.arxiv)}, read from {source.read_from}: {source.caution}"
        for source in dict.fromkeys(row.source for row in mine or rest)
    ]
    text = (
        "Published, not re-run here: other prompts, other scoring, other or unknown translations and no intervals. They are "
        "anchors to see the order of size, and no gap may be computed against them."
    )
    tables = [_published_table("Published numbers on the same benchmarks", mine)] if mine else []
    tables += [_published_table("Published numbers on other benchmarks", rest, folded=True)] if rest else []
    return Section(anchor="published", title="Published, not re-run", paragraphs=[text, *cautions], tables=tables)


def identity_section(facts: ReportFacts) -> Section:
    """Return everything that the answers follow from, and the files beside the page."""
    rows: list[list[Cell]] = [[name, code(value)] for name, value in flattened(facts.identity)]
    tables = [Table(caption="Identity of the run", headers=("What", "Value"), rows=rows)]
    files: list[list[Cell]] = [[code(name), what] for name, what in facts.files]
    tables += [Table(caption="Files beside this page", headers=("File", "Holds"), rows=files)] if files else []
    text = "Answers are kept by all of this: what differs in any of it is another run."
    return Section(anchor="identity", title="Made with", paragraphs=[text], tables=tables)


def flattened(values: Json, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested names and values as text, in order; a list is one value."""
    for name, value in values.items():
        path = f"{before}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            yield from flattened(value, f"{path}: ")
        else:
            yield path, _told(value)


def _told(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_told, value)) or "none"
    if isinstance(value, bool):  # before any look-up: True equals 1
        return "yes" if value else "no"
    return "none" if value in (None, "") else str(value)


def _accuracy(facts: ReportFacts, cost: Json) -> str:
    rows = [row for row in facts.scores if (row["task"], row["arm"]) == (cost["task"], cost["arm"])]
    main = [row for row in rows if facts.is_primary(row)] or rows
    return percent(main[0]["accuracy"]) if main else NOT_KNOWN


def _money(row: Json) -> str:
    return str(row["usd"]) if row["usd"] is not None else _DOLLARS.get(row["pricing"], str(row["pricing"]))


def _published_table(caption: str, rows: Iterable[Published], *, folded: bool = False) -> Table:
    cells: list[list[Cell]] = [
        [
            *(
                row.task,
                row.system,
                _language(row.language),
                f"{row.percent:g}" if row.percent % 1 else f"{row.percent:.1f}",
            ),
            *(row.setting, f"{row.source.citation}{_arxiv(row.source.arxiv)}", row.note),
        ]
        for row in rows
    ]
    headers = ("Task", "System", "Language", "Percent", "Setting", "Source", "Note")
    return Table(caption=caption, headers=headers, rows=cells, numeric=frozenset({3}), folded=folded)


def _language(name: str) -> str:
    if name in LANGUAGES:
        return language(name).name
    return {"en+ar": "mean of English and Arabic", "ar-translated": "Arabic, translated to English"}[name]


def _arxiv(ids: str) -> str:
    return f", arXiv {ids}" if ids else ""
