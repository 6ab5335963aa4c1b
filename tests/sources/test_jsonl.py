from pathlib import Path

import pytest

from qantara.errors import DataError
from qantara.sources.jsonl import rows


def test_each_line_is_a_row_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\n{"a": "٢"}\n', encoding="utf-8")
    assert list(rows(path)) == [{"a": 1}, {"a": "٢"}]


@pytest.mark.parametrize(("line", "why"), [('{"a": "cut of', "not valid JSON"), ("[1]", "an object was expected")])
def test_a_bad_line_is_named_with_its_number(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n' + line, encoding="utf-8")
    with pytest.raises(DataError, match=rf"a\.jsonl, line 2: {why}"):
        list(rows(path))
