"""The report's sections on what was measured: accuracy, gap and its parts, who was right where, extraction, clean list, two runs.

In: the report's facts; out: sections that the shared templates set. Every accuracy stands beside chance and the best constant
answer, every difference beside its interval and the smallest one to be seen.
"""

from collections.abc import Callable, Sequence
from typing import Any

from qantara.evaluate.pages.charts import Difference, differences
from qantara.evaluate.pages.report_facts import Json, ReportFacts
from qantara.evaluate.pages.report_tables import (
    ARM,
    TASK,
    WILSON,
    Column,
    accuracy_table,
    bars_of,
    beside_whole,
    clean_tables,
    comparison_table,
    counted,
    gap_table,
    shared,
    split_table,
    square_table,
    subject_table,
    table_of,
)
from qantara.evaluate.pages.sentences import comparison_sentences, task_title
from qantara.evaluate.pages.words import long_arm_title
from qantara.languages import language
from qantara.pages.formatting import count
from qantara.pages.sections import Picture, Section, Table

_PRIMARY, _OTHERS = "By the primary way of scoring", "By all other ways of scoring"


def measured_sections(facts: ReportFacts) -> list[Section]:
    """Return the sections that there is something to say in, in their order."""
    made: list[Callable[[ReportFacts], Section | None]] = [
        accuracy_section,
        gap_section,
        split_section,
        quadrant_section,
        extraction_section,
        clean_section,
        comparison_section,
    ]
    return [section for make in made if (section := make(facts)) is not None]


def accuracy_section(facts: ReportFacts) -> Section:
    """Return accuracies by task, arm and way of scoring; other ways than the primary one are folded away."""
    titles = {arm.name: long_arm_title(arm, facts.direction) for arm in facts.arms}
    main, others = facts.split_by_way(facts.scores)
    scored = {(row["task"], row["arm"]) for row in main}
    alone = [row for row in others if (row["task"], row["arm"]) not in scored]
    others = [row for row in others if (row["task"], row["arm"]) in scored]
    tables = [accuracy_table(_PRIMARY, main, titles)] if main else []
    tables += [accuracy_table("Arms that have no score of that kind", alone, titles)] if alone else []
    tables += [accuracy_table(_OTHERS, others, titles, folded=True)] if others else []
    text = (
        "Intervals are Wilson's, 95%. “Best constant” is what always giving the most frequent right answer gets. "
        "“Close” counts items whose two best options are within 0.01 nats: another machine may choose otherwise there."
    )
    return Section(anchor="accuracy", title="Accuracy", paragraphs=[text], tables=tables)


def gap_section(facts: ReportFacts) -> Section | None:
    """Return gaps between the source language's arm and every other, on the same items."""
    if not facts.gaps:
        return None
    source = language(facts.direction[0]).name
    main, others = facts.split_by_way(facts.gaps)
    title = f"{source} less each arm, same items, percentage points"
    drawn = [Difference(f"{task_title(r['task'])}: {r['arm']}", r["gap"], r["low"], r["high"]) for r in main]
    caption = (
        f"Bars right of the dashed line: the arm is below {source}. Lines are 95% intervals; one that crosses nought is not told "
        "apart from it."
    )
    axis = f"points that the arm lies below {source}"
    pictures = [Picture(caption=caption, drawings=[differences(title, axis, drawn)])] if drawn else []
    text = (
        "Differences are paired: only items that both arms were asked count. p is McNemar's exact test, beside it corrected by "
        "Holm over all rows of one way of scoring. “By cluster” is the interval for further subjects like these. "
        "“Least to be seen” is the gap that so many items show with 80% power; “parity p” tests that the gap is "
        "within the margin."
    )
    tables = _by_way(gap_table, main, others)
    return Section(anchor="gap", title="Language gap", paragraphs=[text], pictures=pictures, tables=tables)


def split_section(facts: ReportFacts) -> Section | None:
    """Return of what the gap consists, as far as arms tell it apart."""
    if not facts.split:
        return None
    main, others = facts.split_by_way(facts.split)
    pictures = []
    for task in dict.fromkeys(row["task"] for row in main):
        rows = [
            Difference(r["part"], r["difference"], r["low"], r["high"], r["part"] == "total")
            for r in main
            if r["task"] == task
        ]
        picture = differences(f"The gap on {task_title(task)} and its parts", "percentage points lost", rows)
        caption = "The parts add up to the total; each has its own 95% interval on the same items."
        pictures.append(Picture(caption=caption, drawings=[picture]))
    text = (
        "Each part is the difference between two arms on the items that all of them share. Translating there and back goes "
        "through a translator twice, so its loss is an upper bound of what translation did to the items, and language a lower "
        "bound."
    )
    tables = _by_way(split_table, main, others)
    return Section(
        anchor="parts", title="What the gap consists of", paragraphs=[text], pictures=pictures, tables=tables
    )


def quadrant_section(facts: ReportFacts) -> Section | None:
    """Return who was right where: both, one of them, none; by task and by subject."""
    source, target = (language(code).name for code in facts.direction)
    rows, by_subject = (
        [row for row in found if facts.is_primary(row) and row["arm"] == facts.direction[1]]
        for found in (facts.gaps, facts.gaps_by_subject)
    )
    if not rows:
        return None
    tables = [square_table(row, (source, target)) for row in rows]
    tables += [subject_table(by_subject, (source, target))] if by_subject else []
    text = "“Same choice” is the share of items on which both chose the same option, right or wrong."
    return Section(anchor="quadrants", title="Right and wrong, item by item", paragraphs=[text], tables=tables)


def extraction_section(facts: ReportFacts) -> Section | None:
    """Return how many written replies could be read, beside accuracy; none where nothing was generated."""
    if not facts.extraction:
        return None
    scores = {(row["task"], row["arm"]): row for row in facts.scores if row["scoring"] == "generate"}
    rows = [{**row, "accuracy": scores[row["task"], row["arm"]]["accuracy"]} for row in facts.extraction]
    columns = [
        *(
            TASK,
            ARM,
            counted("Replies", "num_items"),
            Column("Read", bars_of("extracted_rate"), is_number=False),
            WILSON,
        ),
        *(shared("Ambiguous", "ambiguous_rate"), shared("No answer", "none_rate"), shared("Accuracy", "accuracy")),
        Column("How they were read", lambda row: _counts(row["tiers"]), is_number=False),
    ]
    text = (
        "A reply that could not be read counts as not right. Where one language's replies are read less often, part of its gap "
        "is a matter of form."
    )
    tables = [table_of("Replies that could be read", rows, columns)]
    return Section(anchor="extraction", title="Extraction", paragraphs=[text], tables=tables)


def clean_section(facts: ReportFacts) -> Section | None:
    """Return accuracies and gaps on the clean list beside those on all items, by the primary way of scoring."""
    clean = facts.clean
    if clean is None:
        return None
    scores, gaps = (
        [row for row in beside_whole(rows, whole) if facts.is_primary(row)]
        for rows, whole in ((clean.scores, facts.scores), (clean.gaps, facts.gaps))
    )
    text = (
        f"The list {clean.source} holds {count(clean.num_ids)} ids of pairs in which an audit found no fault; every arm is "
        "restricted to the same ids. Fewer items show less: compare the intervals, not the values alone."
    )
    tables = clean_tables(scores, gaps)
    return Section(anchor="clean", title="Clean items against all", paragraphs=[text], tables=tables)


def comparison_section(facts: ReportFacts) -> Section | None:
    """Return this run against another one, item by item."""
    if not facts.comparison:
        return None
    main, others = facts.split_by_way(facts.comparison)
    told, tables = list(comparison_sentences(main)), _by_way(comparison_table, main, others)
    return Section(anchor="comparison", title="Two runs compared", paragraphs=told, tables=tables)


def _by_way(make: Callable[..., Table], main: Sequence[Json], others: Sequence[Json]) -> list[Table]:
    """Return the table of the primary way and, folded where there is one, that of the others."""
    tables = [make(_PRIMARY, main)] if main else []
    return [*tables, make(_OTHERS, others, folded=bool(main))] if others else tables


def _counts(counts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {count(number)}" for name, number in counts.items())
