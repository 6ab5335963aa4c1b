import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from qantara.errors import DataError
from qantara.sources.config import CsvSource, JsonlSource, NativeSource, ParquetSource
from qantara.sources.detection import columns_of, source_of
from qantara.store import write_jsonl

CHOICE: dict[str, object] = {
    "id": 1,
    "question": "Q",
    "options": ["a"],
    "answer_index": 0,
    "explanation": "E",
    "text": "T",
}


def test_columns_are_said_as_part_equals_column() -> None:
    assert columns_of("") == {}
    assert columns_of(" id = number , text=words,") == {"id": "number", "text": "words"}


@pytest.mark.parametrize("text", ["text", "text=", "=words", "words=text", "id=a,poem=b"])
def test_what_is_said_of_columns_and_not_understood_is_named_with_the_parts(text: str) -> None:
    with pytest.raises(DataError, match=r"^--columns .*: write part=COLUMN; parts are id, subject, turns, question, "):
        columns_of(text)


@pytest.mark.parametrize(
    ("row", "kind", "identity"),
    [
        (CHOICE, "choice", "id"),
        ({"question": "Q", "answer": "A", "context": "C", "text": "T", "key": "k"}, "answer", "key"),
        ({"turns": [], "question": "Q", "answer": "A"}, "dialogue", None),
        ({"text": "T", "question": "Q", "native_id": "n"}, "passage", "native_id"),
    ],
)
def test_the_first_kind_that_has_all_its_columns_is_taken(
    tmp_path: Path, row: dict[str, object], kind: str, identity: str | None
) -> None:
    write_jsonl(tmp_path / "a.jsonl", [row])
    source = source_of(tmp_path / "a.jsonl", {})
    assert isinstance(source, JsonlSource)
    assert (source.mapping.kind, source.mapping.native_id) == (kind, identity)


def test_optional_columns_are_taken_where_they_are_and_others_by_their_name(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [CHOICE | {"topic": "heart"}])
    source = source_of(tmp_path / "a.jsonl", {"subject": "topic", "explanation": "text"})
    assert isinstance(source, JsonlSource)
    assert (source.mapping.explanation, source.mapping.context, source.mapping.subject) == ("text", None, "topic")


def test_a_file_s_name_says_its_format(tmp_path: Path) -> None:
    row = {"id": "1", "text": "T"}
    for name, delimiter in (("a.csv", ","), ("a.TSV", "\t"), ("a.csv.gz", ",")):
        text = "\n".join(delimiter.join(cells) for cells in (row, row.values()))
        packed = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
        (tmp_path / name).write_bytes(packed)
        source = source_of(tmp_path / name, {})
        assert isinstance(source, CsvSource)
        assert source.delimiter == delimiter
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(json.dumps(row).encode()))
    assert isinstance(source_of(tmp_path / "a.jsonl.gz", {}), JsonlSource)
    parquet.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    assert isinstance(source_of(tmp_path / "a.parquet", {}), ParquetSource)


def test_rows_that_name_their_kind_are_qantara_s_own_unless_columns_are_said(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [{"kind": "passage", "text": "T"}])
    assert isinstance(source_of(tmp_path / "a.jsonl", {}), NativeSource)
    assert isinstance(source_of(tmp_path / "a.jsonl", {"text": "text"}), JsonlSource)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", "", r"a\.jsonl: there are no records in it"),
        ("a.csv", "id,text\n", r"a\.csv: there are no records in it"),
        ("a.jsonl", '{"b": 1, "a": 2}', r"a\.jsonl: no columns of a record .* among: a, b; say --columns"),
        ("a.txt", "x", r"a\.txt: the name must end with \.jsonl, \.csv, \.tsv \(also \.gz\) or \.parquet"),
        ("gone.csv", None, r"gone\.csv: no such file"),
    ],
)
def test_a_file_without_records_or_columns_is_one_line(
    tmp_path: Path, name: str, text: str | None, message: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        source_of(tmp_path / name, {})
    assert "\n" not in str(caught.value)
