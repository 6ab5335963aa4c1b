"""Tables for reviewers as CSV, JSONL or XLSX: rows of plain text out and in. What the rows mean is `exchange`'s.

CSV has a byte order mark so that spreadsheet programs read Arabic right. In XLSX, text that looks like a formula stays text, and
right-to-left columns are set so.
"""

import csv
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal, get_args
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils.exceptions import InvalidFileException

from qantara.errors import DataError
from qantara.store import whole_file, write_jsonl

Format = Literal["csv", "jsonl", "xlsx"]
Row = dict[str, str]


def write_table(path: Path, columns: Sequence[str], rows: Sequence[Row], right_to_left: Sequence[str] = ()) -> None:
    """Write rows in the format of the file's suffix; `right_to_left` names the columns that are to be read so."""
    if format_of(path) == "jsonl":
        write_jsonl(path, rows)
    elif format_of(path) == "csv":
        with whole_file(path) as part, part.open("w", encoding="utf-8-sig", newline="") as handle:
            writer = csv.DictWriter(handle, fieldnames=list(columns))
            writer.writeheader()
            writer.writerows(rows)
    else:
        _write_xlsx(path, columns, rows, right_to_left)


def read_table(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> list[tuple[int, Row]]:
    """Return the rows of a table with their line numbers, each with every one of `columns` ("" where a cell is empty).

    Those of `optional` are there too, "" where the table has no such column. Raises DataError that names the file and the missing
    column or the bad line.
    """
    if not path.is_file():
        raise DataError(f"{path}: the file is not there")
    readers = {"csv": _read_csv, "jsonl": _read_jsonl, "xlsx": _read_xlsx}
    rows = readers[format_of(path)](path)
    for line, row in rows:
        missing = [column for column in columns if column not in row]
        if missing:
            raise DataError(f"{path}: line {line}: column {', '.join(missing)} is missing; there are: {', '.join(row)}")
    wanted = (*columns, *optional)
    return [(line, {column: row.get(column, "").strip() for column in wanted}) for line, row in rows]


def format_of(path: Path) -> Format:
    """Return a table's format by its suffix, or raise DataError."""
    suffix = path.suffix.removeprefix(".").lower()
    for known in get_args(Format):
        if suffix == known:
            return known  # type: ignore[no-any-return]
    raise DataError(f"{path}: a table is .csv, .jsonl or .xlsx")


def _read_csv(path: Path) -> list[tuple[int, Row]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            return [(reader.line_num, {key: value or "" for key, value in row.items() if key}) for row in reader]
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text; save it as CSV UTF-8") from error


def _read_jsonl(path: Path) -> list[tuple[int, Row]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}: line {number} is not JSON") from error
        if not isinstance(row, dict):
            raise DataError(f"{path}: line {number} is not a JSON object")
        rows.append((number, {str(key): "" if value is None else str(value) for key, value in row.items()}))
    return rows


def _read_xlsx(path: Path) -> list[tuple[int, Row]]:
    try:
        with closing(load_workbook(path, read_only=True, data_only=True)) as book:
            lines = list(book.worksheets[0].iter_rows(values_only=True))
    except (InvalidFileException, BadZipFile, KeyError, OSError) as error:
        raise DataError(f"{path}: not a readable XLSX file") from error
    names = [str(name) if name is not None else "" for name in lines[0]] if lines else []
    return [
        (number, {name: "" if value is None else str(value) for name, value in zip(names, line, strict=False) if name})
        for number, line in enumerate(lines[1:], start=2)
        if any(value is not None for value in line)
    ]


def _write_xlsx(path: Path, columns: Sequence[str], rows: Sequence[Row], right_to_left: Sequence[str]) -> None:
    book = Workbook()
    sheet = book.active or book.create_sheet()
    sheet.append(list(columns))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for number, row in enumerate(rows, start=2):
        for position, column in enumerate(columns, start=1):
            cell = sheet.cell(row=number, column=position)
            if isinstance(cell, Cell):
                cell.value = row[column]
                cell.data_type = "s"
                order = 2 if column in right_to_left else 1
                cell.alignment = Alignment(wrap_text=True, vertical="top", readingOrder=order)
    sheet.freeze_panes = "A2"
    for position, column in enumerate(columns):
        sheet.column_dimensions[chr(ord("A") + position)].width = 44 if column in ("source", "target", "edited") else 18
    with whole_file(path) as part:
        book.save(part)
