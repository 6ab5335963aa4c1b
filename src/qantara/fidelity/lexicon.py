"""Reads the lexicons: TSV files in `lexicons/`, with `#` lines of origin and licence, then a line of column names, then rows.

Spellings are folded when read, so look-ups take folded text. A language without a lexicon has an empty one.
"""

from functools import cache
from importlib.resources import files

from qantara.languages import fold


def header(name: str) -> tuple[str, ...]:
    """Return the `#` lines of a lexicon without their mark: what it is, its origin and its licence."""
    return tuple(line[1:].strip() for line in _lines(name) if line.startswith("#"))


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a lexicon by column name, the `spelling` folded; empty for a lexicon that is not there."""
    lines = [line.split("\t") for line in _lines(name) if line and not line.startswith("#")]
    if not lines:
        return ()
    columns, *values = lines
    found = [dict(zip(columns, row, strict=True)) for row in values]
    return tuple(row | {"spelling": _folded(row["spelling"])} if "spelling" in row else row for row in found)


def _folded(spelling: str) -> str:
    """Return a spelling folded; one that begins with "=" stays as it is written."""
    return spelling if spelling.startswith("=") else fold(spelling)


@cache
def _lines(name: str) -> tuple[str, ...]:
    path = files("qantara.fidelity") / "lexicons" / f"{name}.tsv"
    return tuple(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else ()
