import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from qantara.errors import DataError
from qantara.sources.benchmarks.files import dev_file, find, rows_of, stems


def test_every_format_gives_the_same_rows(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"q": "س"}\n', encoding="utf-8")
    (tmp_path / "a.csv").write_text("q\nس\n", encoding="utf-8")
    (tmp_path / "a.tsv").write_text("q\nس\n", encoding="utf-8")
    with gzip.open(tmp_path / "a.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write('{"q": "س"}\n')
    parquet.write_table(pa.Table.from_pylist([{"q": "س"}]), tmp_path / "a.parquet")
    for suffix in (".jsonl", ".csv", ".tsv", ".jsonl.gz", ".parquet"):
        assert list(rows_of(tmp_path / f"a{suffix}")) == [{"q": "س"}], suffix
    with pytest.raises(DataError, match="must end with"):
        rows_of(tmp_path / "a.xlsx")


def test_a_copy_is_found_by_any_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "mmlu_medical.csv.gz").touch()
    names = stems("mmlu-medical", "en", with_bare=True, also=["other"])
    assert names[:2] == ["mmlu-medical_en", "mmlu_medical_en"]
    assert find(tmp_path, names) == tmp_path / "mmlu_medical.csv.gz"
    assert find(tmp_path, stems("mmlu-medical", "ar", with_bare=False, also=[])) is None
    with pytest.raises(DataError, match=r"--data .*: no such folder"):
        find(tmp_path / "nowhere", names)


def test_the_file_of_shots_lies_beside(tmp_path: Path) -> None:
    (tmp_path / "a_dev.jsonl").touch()
    assert dev_file(tmp_path / "a.jsonl.gz") == tmp_path / "a_dev.jsonl"
    assert dev_file(tmp_path / "b.jsonl") is None
