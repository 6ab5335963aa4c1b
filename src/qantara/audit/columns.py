"""Says which columns of a table hold which part of a pair: `--columns source.question=question_en,answer_index=key`.

A left side is `id`, `source`, `target`, `source.FIELD`, `target.FIELD`, or a FIELD alone, which then holds for both sides. A right
side is a column, or a dotted path into objects; options may come from several columns, `source.options=a|b|c|d`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from qantara.errors import DataError
from qantara.sources.cells import MISSING, Missing, cell_at
from qantara.sources.mapping import Row

SIDES = ("source", "target")
FIELDS = ("question", "options", "answer_index", "answer", "context", "explanation", "turns")


_OWN_ID = ("id", ("id",))  # a column of this name is used where there is one; else a pair's id is its row number


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where the parts of a pair are: paths by "id", "source" or "source.question"; several paths are a list of options."""

    paths: Mapping[str, tuple[str, ...]]

    def part(self, row: Row, name: str) -> object:
        """Return what a row holds for a part; MISSING when the part is not mapped or the row lacks it."""
        paths = self.paths.get(name, ())
        values = [cell_at(row, path) for path in paths]
        if len(values) > 1:
            return [None if isinstance(value, Missing) else value for value in values]
        return values[0] if values else MISSING

    def fields(self, row: Row, side: str) -> dict[str, object]:
        """Return the fields that are mapped for one side and that the row has."""
        found = {field: self.part(row, f"{side}.{field}") for field in FIELDS}
        return {field: value for field, value in found.items() if not isinstance(value, Missing)}

    def absent(self, rows: list[Row]) -> list[str]:
        """Return the paths that lead nowhere in any of `rows`."""
        paths = {name: paths for name, paths in self.paths.items() if (name, paths) != _OWN_ID}
        wanted = dict.fromkeys(path for found in paths.values() for path in found)
        return [path for path in wanted if all(isinstance(cell_at(row, path), Missing) for row in rows)]


def parse_columns(text: str) -> Columns:
    """Return the columns that a command line names, or raise DataError with the part that is not understood."""
    paths: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, right = (word.strip() for word in part.partition("="))
        found = tuple(path.strip() for path in right.split("|"))
        if not equals or not all(found):
            raise DataError(f"--columns: {part!r} is not of the form NAME=COLUMN")
        for full in _full_names(name):
            if len(found) > 1 and not full.endswith(".options"):
                raise DataError(f"--columns: {name} takes one column; only options may come from several")
            paths[full] = found
    for side in SIDES:
        if not any(name == side or name.startswith(f"{side}.") for name in paths):
            raise DataError(f"--columns: nothing is named for {side}; for instance {side}=COLUMN")
    return Columns(paths=dict([_OWN_ID]) | paths)


def _full_names(name: str) -> list[str]:
    side, _, field = name.partition(".")
    if name in ("id", *SIDES) or (side in SIDES and field in FIELDS):
        return [name]
    if name in FIELDS:
        return [f"{side}.{name}" for side in SIDES]
    message = (
        f"--columns: {name!r} is not known; known: id, source, target, and {', '.join(FIELDS)} alone or after a side"
    )
    raise DataError(message)
