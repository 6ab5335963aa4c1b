import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qantara.audit.rows import about_how_many, read_rows
from qantara.errors import DataError


def told(path, **options):
    return [(row.number, row.values is None, row.fault) for row in read_rows(path, **options)]


def test_bad_lines_of_jsonl_come_out_with_their_number_and_reading_goes_on(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"id": 1}\n\n{"id": 2\n[3]\n{"id": "\xff"}\n'
        + b"[" * 100_000
        + b'\n{"n": '
        + b"9" * 5000
        + b"}\n{}"
    )
    found = told(path)
    assert [number for number, _, _ in found] == [1, 3, 4, 5, 6, 7, 8]
    assert [bad for _, bad, _ in found] == [False, True, True, True, True, True, False]
    assert [fault.split(" (")[0] for _, _, fault in found[1:4]] == [
        "not valid JSON",
        "not a JSON object",
        "not UTF-8 text",
    ]


def test_a_reason_never_quotes_the_row(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"source": "Jane Doe has HIV\n', encoding="utf-8")
    assert "Jane" not in told(path)[0][2]


def test_bad_rows_of_csv_come_out_with_their_number_and_reading_goes_on(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,source\n1,"two\nlines"\n2\n3,a,b\n4,"x"y\n5,"ع,ب"\n', encoding="utf-8")
    found = list(read_rows(path))
    assert [row.number for row in found] == [1, 2, 3, 4, 5]
    assert found[0].values == {"id": "1", "source": "two\nlines"}
    assert [row.fault for row in found[1:3]] == ["1 values for 2 columns", "3 values for 2 columns"]
    assert "not valid CSV (lines 6 to 6" in found[3].fault
    assert found[4].values == {"id": "5", "source": "ع,ب"}


def test_a_quote_that_is_never_closed_says_which_lines_it_took(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,source\n1,"open\n2,x\n3,y\n', encoding="utf-8")
    assert told(path) == [(1, True, "not valid CSV (lines 2 to 4; is a quote missing?)")]


def test_compressed_and_tab_separated_files_are_read(tmp_path):
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(b"id\tsource\n1\tx\n"))
    assert [row.values for row in read_rows(path)] == [{"id": "1", "source": "x"}]


def test_parquet_and_folders_are_read(tmp_path):
    pq.write_table(pa.Table.from_pylist([{"id": 1}, {"id": 2}]), tmp_path / "a.parquet")
    assert [row.values for row in read_rows(tmp_path / "a.parquet")] == [{"id": 1}, {"id": 2}]
    datasets = pytest.importorskip("datasets")
    datasets.DatasetDict({"test": datasets.Dataset.from_list([{"id": 3}])}).save_to_disk(tmp_path / "saved")
    assert [row.values for row in read_rows(tmp_path / "saved", "test")] == [{"id": 3}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.jsonl", None, "no such file"),
        ("a.docx", b"", "not a kind of file that is known"),
        ("a.jsonl.gz", gzip.compress(b"{}\n" * 50)[:-9], "broken or cut off"),
        ("a.csv", b"id,\xe3\n", "not UTF-8"),
        ("b.csv", b"id,id\n", "same name"),
        ("a.parquet", b"PAR", "not a readable Parquet"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as raised:
        list(read_rows(tmp_path / name))
    assert len(str(raised.value).splitlines()) == 1


def test_the_number_of_rows_is_known_about_for_plain_text_only(tmp_path):
    (tmp_path / "a.jsonl").write_text("{}\n{}\n", encoding="utf-8")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"x\n"))
    assert about_how_many(tmp_path / "a.jsonl") == 2
    assert about_how_many(tmp_path / "a.csv.gz") is None
    assert about_how_many(tmp_path) is None
