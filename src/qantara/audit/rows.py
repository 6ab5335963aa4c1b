"""Reads the rows of a file or folder one at a time, bad ones included: a row that can't be read comes out with its fault.

JSONL and CSV (gzipped too) are read leniently here, since an audit goes on where a training run must stop; Parquet and `datasets`
folders come from `sources`. A file that can't be read at all is a `DataError`. No fault quotes the data.
"""

import csv
import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from qantara.errors import DataError
from qantara.sources import hub, parquet
from qantara.sources.mapping import Row

_LONGEST_FIELD_CHARACTERS = 10_000_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COUNTED_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """A row and its number from 1 (in JSONL the line's); `values` is None for a row that can't be read, and `fault` says why."""

    number: int
    values: Row | None
    fault: str = ""


def read_rows(path: Path, split: str = "train") -> Iterator[NumberedRow]:
    """Yield the rows of a JSONL, CSV, TSV or Parquet file, or of one split of a `datasets` folder."""
    if path.is_dir():
        return _sound(hub.rows(path.name, path.parent, split=split))
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    match _kind(path):
        case "jsonl" | "ndjson":
            return _jsonl(path)
        case "csv":
            return _csv(path, ",")
        case "tsv":
            return _csv(path, "\t")
        case "parquet":
            return _sound(parquet.rows(path))
    raise DataError(
        f"{path}: not a kind of file that is known; known: .jsonl, .csv, .tsv (also .gz), .parquet, a folder"
    )


def about_how_many(path: Path) -> int | None:
    """Return about how many rows a plain text file holds, by its line ends; None for what isn't one."""
    if path.is_dir() or path.suffix == ".gz" or _kind(path) not in ("jsonl", "ndjson", "csv", "tsv"):
        return None
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(_COUNTED_BYTES), b""))


def _kind(path: Path) -> str:
    return path.name.lower().removesuffix(".gz").rpartition(".")[2]


def _sound(rows: Iterable[Row]) -> Iterator[NumberedRow]:
    return (NumberedRow(number, row) for number, row in enumerate(rows, start=1))


def _jsonl(path: Path) -> Iterator[NumberedRow]:
    for number, line in _lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError:
            yield NumberedRow(number, None, "not UTF-8 text")
        except json.JSONDecodeError as error:
            yield NumberedRow(number, None, f"not valid JSON ({error.msg})")
        except (ValueError, RecursionError):  # a number of thousands of digits, a list in a list in a list ...
            yield NumberedRow(number, None, "JSON that is too deep or has too long a number")
        else:
            is_object = isinstance(row, dict)
            yield NumberedRow(number, row if is_object else None, "" if is_object else "not a JSON object")


def _csv(path: Path, delimiter: str) -> Iterator[NumberedRow]:
    csv.field_size_limit(_LONGEST_FIELD_CHARACTERS)
    reader = csv.reader(_decoded(path), delimiter=delimiter, strict=True)
    try:
        names = next(reader, [])
    except csv.Error as error:
        raise DataError(f"{path}: the header is not valid CSV ({error})") from error
    if len(set(names)) < len(names):
        raise DataError(f"{path}: two columns have the same name; rename one")
    number = 0
    while True:
        first_line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            number += 1
            fault = f"not valid CSV (lines {first_line} to {reader.line_num}; is a quote missing?)"
            yield NumberedRow(number, None, fault)
            continue
        if cells is None:
            return
        if cells:
            number += 1
            yield _csv_row(number, names, cells)


def _csv_row(number: int, names: list[str], cells: list[str]) -> NumberedRow:
    if len(cells) != len(names):
        return NumberedRow(number, None, f"{len(cells)} values for {len(names)} columns")
    return NumberedRow(number, dict(zip(names, cells, strict=True)))


def _decoded(path: Path) -> Iterator[str]:
    for number, line in _lines(path):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{path}, line {number}: not UTF-8 text; convert the file to UTF-8") from error


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        with _open(path) as file:
            for line in file:
                number += 1
                yield number, line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
    except (EOFError, gzip.BadGzipFile) as error:
        raise DataError(f"{path}, after line {number}: the gzip file is broken or cut off; fetch it again") from error
    except OSError as error:
        raise DataError(f"{path}: can't be read ({error.strerror or error})") from error


def _open(path: Path) -> gzip.GzipFile | BinaryIO:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
