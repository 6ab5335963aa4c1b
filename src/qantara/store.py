"""The run folder: records to Parquet and back, JSON and JSONL for people, stage folders that are whole or not there.

A file is written under a temporary name and gets its own when it is whole; `summary.json` of a stage comes last and marks the
stage as done. Schemas follow from the record types, so a record's fields are declared once, in `records`.
"""

import contextlib
import errno
import json
import os
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from qantara.errors import DataError, StoreError

SUMMARY = "summary.json"
KEPT = "kept.parquet"
REJECTED = "rejected.parquet"
_ROWS_A_GROUP = 2048
_PLAIN = frozenset({str, int, float, bool, type(None)})
_SCALARS = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it becomes `path`, on any error nothing is left at `path`.

    A full disk rises as StoreError, which names the file; what was there before stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        yield part
        with part.open("rb") as handle:
            os.fsync(handle.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StoreError(f"{path}: no disk space left; make room and run the same command again") from error
        raise
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text whole or not at all."""
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: Path, value: object) -> None:
    """Write one JSON value, indented, letters as they are."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def read_json(path: Path) -> Any:  # noqa: ANN401 - JSON is whatever it is
    """Read one JSON value; a broken file is a DataError."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}: line {error.lineno} is not JSON; remove the file and run again") from error


def write_jsonl(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write one JSON object a line."""
    with whole_file(path) as part, part.open("w", encoding="utf-8") as handle:
        for row in rows:
            handle.write(json.dumps(row, ensure_ascii=False) + "\n")


def arrow_type(kind: Any) -> pa.DataType:  # noqa: ANN401 - any annotation of a record
    """Return the Arrow type of a record field's annotation; a union of records becomes one struct with all their fields."""
    if kind in _SCALARS:
        return _SCALARS[kind]
    if get_origin(kind) is typing.Literal:
        return arrow_type(type(get_args(kind)[0]))
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return pa.list_(arrow_type(inner[0]))
        return pa.list_(arrow_type(inner[0]), len(inner))
    if get_origin(kind) in (types.UnionType, typing.Union):
        members = [member for member in get_args(kind) if member is not type(None)]
        return arrow_type(members[0]) if len(members) == 1 else pa.struct(_fields(members))
    return pa.struct(_fields([kind]))


def _fields(record_types: Sequence[type]) -> list[pa.Field]:
    fields: dict[str, pa.DataType] = {}
    for record_type in record_types:
        for name, kind in get_type_hints(record_type).items():
            fields.setdefault(name, arrow_type(kind))
    return [pa.field(name, kind) for name, kind in fields.items()]


def schema_of(record_type: Any) -> pa.Schema:  # noqa: ANN401 - a record type or a union of them
    """Return the Arrow schema of a record type or union of record types."""
    return pa.schema(list(arrow_type(record_type)))


def plain(value: Any) -> Any:  # noqa: ANN401 - a record, or what stands in one
    """Return a record as dicts and lists of plain values; `dataclasses.asdict` copies each text and takes twice as long."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}


class RecordWriter:
    """Streams records of one type into a Parquet file (zstd); use `write_records` where all are at hand."""

    def __init__(self, path: Path, record_type: Any) -> None:  # noqa: ANN401 - a record type or a union of them
        self._schema = schema_of(record_type)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[dict[str, object]] = []
        self.count = 0

    def add(self, record: Any) -> None:  # noqa: ANN401 - a record of the writer's type
        """Add one record; rows go to disk in groups."""
        self._rows.append(plain(record))
        self.count += 1
        if len(self._rows) >= _ROWS_A_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows = []

    def close(self) -> None:
        """Write what is left and end the file."""
        self._flush()
        self._writer.close()


def write_records(path: Path, records: Iterable[object], record_type: Any) -> int:  # noqa: ANN401
    """Write records of one type (or union) as one Parquet file; return how many."""
    with whole_file(path) as part:
        writer = RecordWriter(part, record_type)
        for record in records:
            writer.add(record)
        writer.close()
        return writer.count


def read_records(path: Path, record_type: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield the records of a Parquet file in order, checked against their type; a file that isn't there or whole is a DataError.

    A union's rows hold every member's fields, those of the others null: what a member doesn't have is passed over.
    """
    adapter = TypeAdapter(record_type)
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS_A_GROUP):
                for row in batch.to_pylist():
                    yield adapter.validate_python(row)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: not a readable Parquet file; remove its stage folder and run again") from error
