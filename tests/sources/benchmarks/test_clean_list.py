from pathlib import Path

import pytest

from qantara.errors import DataError
from qantara.sources.benchmarks.clean_list import clean_list
from qantara.sources.benchmarks.loading import load_task


def test_an_id_means_an_item_in_every_language(tmp_path: Path) -> None:
    task = load_task("sample")
    path = tmp_path / "clean_ids.txt"
    path.write_text("bench-001\nbench-003\n\nbench-999\n", encoding="utf-8")
    found = clean_list(path, [task])
    assert (found.name, found.num_ids, found.num_unknown) == ("clean_ids.txt", 3, 1)
    assert [(item.language, item.origin.native_id) for item in task.items if item.origin.family in found.families] == [
        ("en", "bench-001"),
        ("ar", "bench-001"),
        ("en", "bench-003"),
        ("ar", "bench-003"),
    ]


def test_an_id_that_is_in_the_data_but_not_scored_is_not_unknown(tmp_path: Path) -> None:
    path, ids = tmp_path / "t.jsonl", tmp_path / "ids.txt"
    good = '{"id": "a", "question": "Which?", "options": ["x", "y"], "answer_index": 0}\n'
    path.write_text(good + '{"id": "b", "question": "Which?", "options": ["x", "y"]}\n', encoding="utf-8")
    ids.write_text("a\nb\n", encoding="utf-8")
    found = clean_list(ids, [load_task(str(path))])
    assert (len(found.families), found.num_unknown) == (1, 0)


def test_a_list_of_other_data_and_an_empty_list_are_errors(tmp_path: Path) -> None:
    task, other, empty = load_task("sample"), tmp_path / "other.txt", tmp_path / "empty.txt"
    other.write_text("other-1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"none of its 1 ids is in the tasks; is it of other data\?"):
        clean_list(other, [task])
    empty.write_text("\n", encoding="utf-8")
    with pytest.raises(DataError, match="there are no ids in it"):
        clean_list(empty, [task])
    with pytest.raises(DataError, match="no such file"):
        clean_list(tmp_path / "none.txt", [task])
