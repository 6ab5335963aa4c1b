"""Reads Parquet files, a batch at a time."""

from collections.abc import Iterator
from pathlib import Path

from qantara.errors import DataError

_BATCH_ROWS = 1024


def rows(path: Path) -> Iterator[dict[str, object]]:
    """Yield the rows of a Parquet file by column name."""
    import pyarrow as pa
    from pyarrow import parquet

    if not path.is_file():
        raise DataError(f"{path}: no such file; check `path` and the recipe's `data` folder")
    try:
        with parquet.ParquetFile(path) as table:
            for batch in table.iter_batches(_BATCH_ROWS):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: not a readable Parquet file ({reason})") from error
