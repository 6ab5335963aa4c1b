import gzip
from pathlib import Path

import pytest

from qantara.errors import DataError
from qantara.sources.text_file import numbered_lines


def test_plain_and_gzipped_lines_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\ufeffone\ntwo\n", encoding="utf-8")
    with gzip.open(tmp_path / "a.txt.gz", "wt", encoding="utf-8") as file:
        file.write("one\ntwo\n")
    expected = [(1, "one\n"), (2, "two\n")]
    assert list(numbered_lines(tmp_path / "a.txt")) == expected
    assert list(numbered_lines(tmp_path / "a.txt.gz")) == expected


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.txt: no such file"):
        list(numbered_lines(tmp_path / "gone.txt"))


def test_a_cut_off_gzip_file_is_an_error_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"one\n" * 1000)[:-10])
    with pytest.raises(DataError, match="broken or cut off") as caught:
        list(numbered_lines(path))
    assert "\n" not in str(caught.value)


def test_text_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("قلب".encode("cp1256"))
    with pytest.raises(DataError, match="not UTF-8"):
        list(numbered_lines(tmp_path / "a.txt"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="can't be read"):
        list(numbered_lines(tmp_path))
