from pathlib import Path

import pytest

from qantara.errors import DataError
from qantara.sources.benchmarks.clean_list import read_clean_ids, restrict
from qantara.sources.benchmarks.loading import load_task


def test_a_task_is_restricted_in_both_languages(tmp_path: Path) -> None:
    task = load_task("sample")
    path = tmp_path / "clean_ids.txt"
    path.write_text("bench-001\nbench-003\n\nbench-999\n", encoding="utf-8")
    ids = read_clean_ids(path)
    restricted = restrict(task, ids)
    assert ids == {"bench-001", "bench-003", "bench-999"}
    assert [(item.language, item.origin.native_id) for item in restricted.items] == [
        ("en", "bench-001"),
        ("ar", "bench-001"),
        ("en", "bench-003"),
        ("ar", "bench-003"),
    ]
    assert restricted.num_unknown_ids == 1
    assert restricted.notes == ("sample: 1 ids of the clean list are not in the data",)
    assert restricted.fingerprint != task.fingerprint


def test_an_id_that_is_in_the_data_but_not_scored_is_not_unknown(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    good = '{"id": "a", "question": "Which?", "options": ["x", "y"], "answer_index": 0}\n'
    path.write_text(good + '{"id": "b", "question": "Which?", "options": ["x", "y"]}\n', encoding="utf-8")
    restricted = restrict(load_task(str(path)), {"a", "b"})
    assert (len(restricted.items), restricted.num_unknown_ids, restricted.notes) == (1, 0, ())


def test_a_list_of_other_data_and_an_empty_list_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="task sample: none of the 1 ids of the clean list is in it"):
        restrict(load_task("sample"), {"other-1"})
    (tmp_path / "empty.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(DataError, match="there are no ids in it"):
        read_clean_ids(tmp_path / "empty.txt")
    with pytest.raises(DataError, match="no such file"):
        read_clean_ids(tmp_path / "none.txt")
