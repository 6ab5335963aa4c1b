"""Reads a clean list, `clean_ids.txt` of `qantara audit` with one native id a line, and finds the items that it means."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from qantara.errors import DataError
from qantara.sources.benchmarks.benchmark import LoadedTask
from qantara.sources.text_file import numbered_lines


class CleanList(NamedTuple):
    """A list by the file's name: how many ids it has, how many the data have never heard of, the families of the others."""

    name: str
    num_ids: int
    num_unknown: int
    families: frozenset[str]


def clean_list(path: Path, tasks: Sequence[LoadedTask]) -> CleanList:
    """Return the clean list of a file for these tasks, whole ones; an id means an item in every language.

    Raises DataError for a file without ids and for one of other data.
    """
    ids = frozenset(filter(None, (line.strip("\r\n") for _, line in numbered_lines(path))))
    if not ids:
        raise DataError(f"{path}: there are no ids in it; write one id a line, as clean_ids.txt of qantara audit")
    items = [item for task in tasks for item in task.items]
    families = frozenset(item.origin.family for item in items if item.origin.native_id in ids)
    if not families:
        raise DataError(f"{path}: none of its {len(ids)} ids is in the tasks; is it of other data?")
    known = {item.origin.native_id for item in items} | {r.native_id for task in tasks for r in task.rejections}
    return CleanList(path.name, len(ids), len(ids - known), families)
