"""Reads CSV and TSV files (also `.gz`) with a header line; every value is text."""

import csv
from collections.abc import Iterator
from pathlib import Path

from qantara.errors import DataError
from qantara.sources.text_file import numbered_lines

_LONGEST_FIELD_CHARACTERS = 10_000_000


def rows(path: Path, delimiter: str = ",") -> Iterator[dict[str, object]]:
    """Yield the rows by column name; raise DataError for a row with more values than the header has names."""
    csv.field_size_limit(_LONGEST_FIELD_CHARACTERS)
    reader = csv.DictReader((line for _, line in numbered_lines(path)), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if None in row:
                message = (
                    f"{path}, line {reader.line_num}: more values than the header has columns; is a quote missing?"
                )
                raise DataError(message)
            yield dict(row)
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: not valid CSV: {error}") from error
