"""Finds a benchmark's local copy in a folder and reads rows by a file's name: JSONL, CSV, TSV (also `.gz`) and Parquet."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from qantara.errors import DataError
from qantara.sources import csv_file, jsonl, parquet
from qantara.sources.mapping import Row

SUFFIXES = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


def rows_of(path: Path) -> Iterator[Row]:
    """Yield the rows of a file; raise DataError for a name that doesn't tell its format."""
    match path.name.lower().removesuffix(".gz").rpartition(".")[2]:
        case "jsonl" | "ndjson":
            return jsonl.rows(path)
        case "csv":
            return csv_file.rows(path)
        case "tsv":
            return csv_file.rows(path, "\t")
        case "parquet":
            return parquet.rows(path)
    raise DataError(f"{path}: the name must end with .jsonl, .csv, .tsv (also .gz) or .parquet")


def find(folder: Path, stems: Iterable[str]) -> Path | None:
    """Return the first file of a folder that has one of the names, with any suffix; raise DataError if it is no folder."""
    if not folder.is_dir():
        raise DataError(f"--data {folder}: no such folder")
    candidates = (folder / f"{stem}{suffix}" for stem in stems for suffix in SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def dev_file(path: Path) -> Path | None:
    """Return the file of examples to show first that lies beside a file, `name_dev.*` for `name.*`; None if there is none."""
    suffix = next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), path.suffix)
    return find(path.parent, [path.name[: len(path.name) - len(suffix)] + "_dev"])


def stems(name: str, code: str, *, with_bare: bool, also: Iterable[str]) -> list[str]:
    """Return the names that the copy of a benchmark in a language may have: NAME_CODE, NAME, and others, with `-` or `_`."""
    names = [f"{name}_{code}", *([name] if with_bare else []), *also]
    return list(dict.fromkeys(variant for one in names for variant in (one, one.replace("-", "_"))))
