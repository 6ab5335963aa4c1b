"""Reads JSON Lines (`.jsonl`, `.jsonl.gz`): one object a line; blank lines are skipped, any other bad line is an error."""

import json
from collections.abc import Iterator
from pathlib import Path

from qantara.errors import DataError
from qantara.sources.text_file import numbered_lines


def rows(path: Path) -> Iterator[dict[str, object]]:
    """Yield the objects of a JSONL file; raise DataError that names the line which is no JSON object."""
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}, line {number}: not valid JSON (is the line cut off?): {error.msg}") from error
        if not isinstance(row, dict):
            raise DataError(f"{path}, line {number}: an object was expected, not {type(row).__name__}")
        yield row
