"""The tables of an evaluation's report: a list of columns each, so that every header stands beside what fills it.

In: JSON rows of `accuracy`, `gaps`, `split` and `comparison`; out: tables that the shared templates set.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from qantara.bidi import text_node
from qantara.evaluate.pages.report_facts import Json
from qantara.evaluate.pages.sentences import ends_of, task_title
from qantara.evaluate.pages.words import arm_title, way_code
from qantara.pages.formatting import count, interval, p_value, percent, points
from qantara.pages.sections import Cell, Table, bar

_PAGE_LANGUAGE = "en"


class Column(NamedTuple):
    """A header and what stands under it in a row."""

    header: str
    cell: Callable[[Json], Cell]
    is_number: bool = True


def table_of(caption: str, rows: Iterable[Json], columns: Sequence[Column], *, folded: bool = False) -> Table:
    """Return a table with a line for each row."""
    return Table(
        caption=caption,
        headers=[column.header for column in columns],
        rows=[[column.cell(row) for column in columns] for row in rows],
        numeric=frozenset(place for place, column in enumerate(columns) if column.is_number),
        folded=folded,
    )


def counted(header: str, name: str) -> Column:
    """Return the column of a whole number."""
    return Column(header, lambda row: count(row[name]))


def shared(header: str, name: str) -> Column:
    """Return the column of a share 0..1 as percent."""
    return Column(header, lambda row: percent(row[name]))


def tested(header: str, name: str) -> Column:
    """Return the column of a p-value."""
    return Column(header, lambda row: p_value(row[name]))


def named(header: str, name: str) -> Column:
    """Return the column of a text."""
    return Column(header, lambda row: str(row[name]), is_number=False)


def other_ends(row: Json, kind: str) -> str:
    """Return the "clustered" or "bootstrap" interval of a difference, in points; "none" where there is none."""
    low, high = row[f"{kind}_low"], row[f"{kind}_high"]
    return "none" if low is None else f"{points(low)} to {points(high)}"


def subject_cell(row: Json) -> Markup:
    """Return a subject, which may be of any script."""
    return Markup("<bdi>{}</bdi>").format(text_node(row["subject"], _PAGE_LANGUAGE))


def bars_of(name: str) -> Callable[[Json], Cell]:
    """Return what makes a bar of a share 0..1."""
    return lambda row: bar(row[name], percent(row[name]))


def _least(row: Json) -> str:
    return points(row["smallest_detectable_gap"]).lstrip("+")


def _parity(row: Json) -> str:
    margin = points(row["equivalence_margin"]).lstrip("+")
    return f"{p_value(row['equivalence_p'])} (\u00b1{margin})"


TASK = Column("Task", lambda row: task_title(row["task"]), is_number=False)
ARM = Column("Arm", lambda row: arm_title(row["arm"]), is_number=False)
WAY = Column("Scored by", lambda row: way_code(row["scoring"], row["normalization"]), is_number=False)
ITEMS = counted("Items", "num_items")
ACCURACY = Column("Accuracy", bars_of("accuracy"), is_number=False)
WILSON = Column("95% interval", lambda row: interval(row["low"], row["high"]))
CHANCE, CONSTANT = shared("Chance", "chance"), shared("Best constant", "majority")
DIFFERENCE_ENDS = Column("95% interval", ends_of)
SAME = shared("Same choice", "same_choice")
P, HOLM = tested("p", "p_value"), tested("p by Holm", "p_holm")
LEAST = Column("Least to be seen", _least)
CLUSTERED = Column("By cluster", lambda row: other_ends(row, "clustered"))
GAP = Column("Gap", lambda row: points(row["gap"]))
_DIFFERENCE = Column("Points", lambda row: points(row["difference"]))


def accuracy_table(caption: str, rows: Sequence[Json], titles: Mapping[str, str], *, folded: bool = False) -> Table:
    """Return accuracies, each beside chance and the best constant answer."""
    columns = [
        TASK,
        Column("Arm", lambda row: titles.get(row["arm"], row["arm"]), is_number=False),
        *(WAY, ACCURACY, WILSON, CHANCE, CONSTANT),
        Column("Right / items", lambda row: f"{count(row['num_correct'])} / {count(row['num_items'])}"),
        *(counted("Not read", "num_unread"), counted("Close", "num_close")),
    ]
    return table_of(caption, rows, columns, folded=folded)


def gap_table(caption: str, rows: Sequence[Json], *, folded: bool = False) -> Table:
    """Return gaps with all their intervals and tests."""
    bootstrap = Column("Bootstrap", lambda row: other_ends(row, "bootstrap"))
    columns = [TASK, ARM, WAY, ITEMS, GAP, DIFFERENCE_ENDS, CLUSTERED, bootstrap, P, HOLM, LEAST]
    return table_of(caption, rows, [*columns, Column("Parity p", _parity)], folded=folded)


def split_table(caption: str, rows: Sequence[Json], *, folded: bool = False) -> Table:
    """Return the parts of gaps."""
    columns = [
        *(TASK, WAY, named("Part", "part")),
        Column("Between the arms", lambda row: f"{row['better_arm']} less {row['worse_arm']}", is_number=False),
        *(ITEMS, _DIFFERENCE, DIFFERENCE_ENDS, CLUSTERED),
    ]
    return table_of(caption, rows, columns, folded=folded)


def subject_table(rows: Sequence[Json], names: tuple[str, str]) -> Table:
    """Return who was right where, by subject; `names` are those of the source and the target language."""
    columns = [
        *(TASK, Column("Subject", subject_cell, is_number=False), ITEMS, counted("Both right", "both_right")),
        *(counted(f"Only {names[0]}", "only_source_right"), counted(f"Only {names[1]}", "only_target_right")),
        *(counted("Both wrong", "both_wrong"), SAME, GAP, DIFFERENCE_ENDS, HOLM, LEAST),
    ]
    return table_of("By subject", rows, columns)


def square_table(row: Json, names: tuple[str, str]) -> Table:
    """Return the 2x2 table of one gap: lines are the source language, columns the target language."""

    def cell(name: str) -> Markup:
        share = row[name] / row["num_items"]
        return bar(share, f"{count(row[name])} ({percent(share)})")

    rows: list[list[Cell]] = [
        [f"{names[0]} right", cell("both_right"), cell("only_source_right")],
        [f"{names[0]} wrong", cell("only_target_right"), cell("both_wrong")],
    ]
    caption = (
        f"{task_title(row['task'])}: {count(row['num_items'])} items, same choice on {percent(row['same_choice'])}"
    )
    return Table(caption=caption, headers=("", f"{names[1]} right", f"{names[1]} wrong"), rows=rows)


def comparison_table(caption: str, rows: Sequence[Json], *, folded: bool = False) -> Table:
    """Return two models or runs item by item, the first less the second."""
    columns = [
        *(TASK, ARM, WAY),
        *(named("First", "first"), named("Second", "second")),
        *(ITEMS, shared("First's accuracy", "first_accuracy"), shared("Second's accuracy", "second_accuracy")),
        *(_DIFFERENCE, DIFFERENCE_ENDS, counted("Only first right", "only_first_right")),
        *(counted("Only second right", "only_second_right"), SAME, P, HOLM, LEAST),
    ]
    return table_of(caption, rows, columns, folded=folded)


def beside_whole(clean: Iterable[Json], whole: Sequence[Json]) -> list[Json]:
    """Return rows on a clean list, each with the row on all items as `whole` (None: there is none)."""
    keys = ("task", "arm", "scoring", "normalization")
    by_key = {tuple(row[key] for key in keys): row for row in whole}
    return [{**row, "whole": by_key.get(tuple(row[key] for key in keys))} for row in clean]


def clean_tables(scores: Sequence[Json], gaps: Sequence[Json]) -> list[Table]:
    """Return accuracies and gaps on all items and on the clean list; rows as of `beside_whole`."""
    on_all = [_of_whole(c) for c in (shared("All items", "accuracy"), WILSON, ITEMS)]
    columns = [TASK, ARM, *on_all, shared("Clean list", "accuracy"), WILSON, ITEMS, CHANCE, CONSTANT]
    tables = [table_of("Accuracy", scores, columns)]
    on_all = [_of_whole(c) for c in (GAP._replace(header="All items"), DIFFERENCE_ENDS, LEAST)]
    columns = [TASK, ARM, *on_all, GAP._replace(header="Clean list"), DIFFERENCE_ENDS, HOLM, LEAST]
    return [*tables, *([table_of("Gap", gaps, columns)] if gaps else [])]


def _of_whole(column: Column) -> Column:
    return column._replace(cell=lambda row: column.cell(row["whole"]) if row["whole"] else "")
