import pytest
from openpyxl import load_workbook

from qantara.errors import DataError
from qantara.review.tables import read_table, write_table

COLUMNS = ("field", "source", "target")
ROWS = [
    {"field": "question", "source": 'Give "5 mg", then wait\nand see?', "target": "أعطِ ٥ ملغ، ثم انتظر"},
    {"field": "answer", "source": "=SUM(A1)", "target": ""},
]


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
def test_a_table_comes_back_as_it_went(tmp_path, form):
    path = tmp_path / f"t.{form}"
    write_table(path, COLUMNS, ROWS, ("target",))
    assert [row for _, row in read_table(path, COLUMNS)] == ROWS


def test_csv_begins_with_the_mark_that_spreadsheets_need_for_arabic(tmp_path):
    write_table(tmp_path / "t.csv", COLUMNS, ROWS)
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_xlsx_keeps_formulas_as_text_and_sets_arabic_right_to_left(tmp_path):
    write_table(tmp_path / "t.xlsx", COLUMNS, ROWS, ("target",))
    sheet = load_workbook(tmp_path / "t.xlsx").active
    assert (sheet["B3"].value, sheet["B3"].data_type) == ("=SUM(A1)", "s")
    assert sheet["C2"].alignment.readingOrder == 2
    assert sheet["B2"].alignment.readingOrder == 1


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("t.txt", "x", "a table is .csv, .jsonl or .xlsx"),
        ("t.csv", "field,source\na,b\n", "column target is missing"),
        ("t.jsonl", '{"field": "a", "source": "b", "target": "c"}\n{"field": ', "line 2 is not JSON"),
        ("t.jsonl", "[1]\n", "line 1 is not a JSON object"),
        ("t.xlsx", "not a workbook", "not a readable XLSX"),
    ],
)
def test_a_bad_table_is_named_with_its_line(tmp_path, name, content, fault):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=fault):
        read_table(tmp_path / name, COLUMNS)


def test_a_column_that_may_be_missing_is_read_as_empty(tmp_path):
    write_table(tmp_path / "t.csv", COLUMNS, ROWS)
    ((_, first), _) = read_table(tmp_path / "t.csv", ("field",), optional=("source", "error"))
    assert first == {"field": "question", "source": ROWS[0]["source"], "error": ""}


def test_a_table_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(DataError, match="not there"):
        read_table(tmp_path / "none.csv", COLUMNS)
