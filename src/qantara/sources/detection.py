"""Says how a file is read from its name and its columns: for commands that take a file instead of a recipe."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from qantara.errors import DataError
from qantara.sources import csv_file, jsonl, parquet
from qantara.sources.config import CsvSource, JsonlSource, NativeSource, ParquetSource, SourceConfig
from qantara.sources.mapping import ColumnMapping, Row

_NEEDED = {
    "dialogue": ("turns",),
    "choice": ("question", "options", "answer_index"),
    "answer": ("question", "answer"),
    "passage": ("text",),
}
_OPTIONAL = {"choice": ("context", "explanation"), "answer": ("context",)}
_PARTS = ("id", "subject", *dict.fromkeys(name for names in (*_NEEDED.values(), *_OPTIONAL.values()) for name in names))
_IDS = ("id", "key", "native_id")
_ROWS_TO_KNOW_COLUMNS = 100


def columns_of(text: str) -> dict[str, str]:
    """Return what `--columns part=COLUMN,...` says, or raise DataError for what it can't say."""
    found = {}
    for said in filter(None, map(str.strip, text.split(","))):
        part, equals, column = (piece.strip() for piece in said.partition("="))
        if not equals or not column or part not in _PARTS:
            raise DataError(f"--columns {said}: write part=COLUMN; parts are {', '.join(_PARTS)}")
        found[part] = column
    return found


def source_of(file: Path, columns: Mapping[str, str]) -> SourceConfig:
    """Return how a file is read: its format by its name, its records by its columns; `columns` says which go by another name."""
    path = file.resolve()
    match path.name.lower().removesuffix(".gz").rpartition(".")[2]:
        case "jsonl" | "ndjson":
            rows = _first(jsonl.rows(path))
            if rows and "kind" in rows[0] and not columns:
                return NativeSource(reader="native", path=path)
            return JsonlSource(reader="jsonl", path=path, mapping=_mapping(rows, columns, path))
        case "csv" | "tsv" as name:
            delimiter = "\t" if name == "tsv" else ","
            mapping = _mapping(_first(csv_file.rows(path, delimiter)), columns, path)
            return CsvSource(reader="csv", path=path, delimiter=delimiter, mapping=mapping)
        case "parquet":
            return ParquetSource(
                reader="parquet", path=path, mapping=_mapping(_first(parquet.rows(path)), columns, path)
            )
    raise DataError(f"{file}: the name must end with .jsonl, .csv, .tsv (also .gz) or .parquet")


def _first(rows: Iterable[Row]) -> list[Row]:
    return list(islice(rows, _ROWS_TO_KNOW_COLUMNS))


def _mapping(rows: Sequence[Row], columns: Mapping[str, str], path: Path) -> ColumnMapping:
    """Return the mapping to the first kind of record that has all its columns: dialogue, choice, answer, passage."""
    if not rows:
        raise DataError(f"{path}: there are no records in it")
    there = {name for row in rows for name in row}
    found = {part: columns.get(part, part) for part in _PARTS if part in columns or part in there}
    identity = found.pop("id", None) or next((name for name in _IDS if name in there), None)
    for kind, needed in _NEEDED.items():
        if all(part in found for part in needed):
            kept = [part for part in (*needed, *_OPTIONAL.get(kind, ()), "subject") if part in found]
            return ColumnMapping.model_validate(
                {part: found[part] for part in kept} | {"kind": kind, "native_id": identity}
            )
    listed = ", ".join(sorted(there)) or "none"
    raise DataError(
        f"{path}: no columns of a record (text; question and answer; turns; ...) among: {listed}; say --columns"
    )
