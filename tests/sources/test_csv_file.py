from pathlib import Path

import pytest

from qantara.errors import DataError
from qantara.sources.csv_file import rows


def test_quoted_text_may_hold_commas_and_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('q,a\n"one, two","x\ny"\n', encoding="utf-8")
    assert list(rows(path)) == [{"q": "one, two", "a": "x\ny"}]


def test_another_delimiter_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("q\ta\n1\t2\n", encoding="utf-8")
    assert list(rows(path, "\t")) == [{"q": "1", "a": "2"}]


def test_too_many_values_are_an_error_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("q,a\n1,2,3\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.csv, line 2: more values"):
        list(rows(path))


def test_an_open_quote_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('q,a\n"1,2\n', encoding="utf-8")
    with pytest.raises(DataError, match="not valid CSV"):
        list(rows(path))
