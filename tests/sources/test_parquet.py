from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from qantara.errors import DataError
from qantara.sources.parquet import rows


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    data = [{"q": "a", "options": ["x", "y"]}, {"q": "b", "options": []}]
    parquet.write_table(pa.Table.from_pylist(data), tmp_path / "a.parquet")
    assert list(rows(tmp_path / "a.parquet")) == data


def test_missing_and_broken_files_are_errors_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="no such file"):
        list(rows(tmp_path / "gone.parquet"))
    with pytest.raises(DataError, match="not a readable Parquet file") as caught:
        list(rows(tmp_path / "broken.parquet"))
    assert "\n" not in str(caught.value)
