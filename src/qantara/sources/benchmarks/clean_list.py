"""Restricts a task, in all its languages, to a clean list: `clean_ids.txt` of `qantara audit`, one native id a line."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from qantara.errors import DataError
from qantara.sources.benchmarks.benchmark import LoadedTask
from qantara.sources.text_file import numbered_lines


def read_clean_ids(path: Path) -> frozenset[str]:
    """Return the ids of a clean list; raise DataError for a file without any."""
    ids = frozenset(filter(None, (line.strip("\r\n") for _, line in numbered_lines(path))))
    if not ids:
        raise DataError(f"{path}: there are no ids in it; write one id a line, as clean_ids.txt of qantara audit")
    return ids


def restrict(task: LoadedTask, clean_ids: Collection[str]) -> LoadedTask:
    """Return the task with the items of a clean list only, in every language, and the same shots.

    Ids that the task has never heard of are counted; raise DataError if no item is left.
    """
    wanted = frozenset(clean_ids)
    items = tuple(item for item in task.items if item.origin.native_id in wanted)
    if not items:
        raise DataError(
            f"task {task.name}: none of the {len(wanted)} ids of the clean list is in it; is it of other data?"
        )
    known = {item.origin.native_id for item in task.items} | {rejection.native_id for rejection in task.rejections}
    num_unknown = len(wanted - known)
    notes = (f"{task.name}: {num_unknown} ids of the clean list are not in the data",) if num_unknown else ()
    return replace(task, items=items, notes=task.notes + notes, num_unknown_ids=num_unknown)
