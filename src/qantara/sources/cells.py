"""The value in a cell of a row: by a column or a dotted path into objects, and what text holds as JSON. Knows no benchmark."""

import json
from collections.abc import Mapping

from qantara.sources.mapping import Row


class Missing:
    """The value of a column that a row doesn't have."""


MISSING = Missing()


def cell_at(row: Row, path: str) -> object:
    """Return the value of the column `path`, or of the dotted path into objects; MISSING when there is none."""
    if path in row:
        return row[path]
    head, dot, rest = path.partition(".")
    inner = row.get(head)
    return cell_at(inner, rest) if dot and isinstance(inner, Mapping) else MISSING


def unpacked(value: object) -> object:
    """Return the list or object that a cell of a table holds as JSON; anything else as it is."""
    if not isinstance(value, str) or value.strip()[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
