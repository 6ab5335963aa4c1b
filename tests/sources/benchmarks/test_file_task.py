import json
from pathlib import Path

import pytest

from qantara.errors import DataError
from qantara.sources.benchmarks.file_task import load_file
from qantara.sources.benchmarks.pair_columns import pair_columns
from qantara.sources.config import NativePairs
from qantara.sources.reading import read_pairs

DIRECTION = ("en", "ar")
PAIR = {
    "id": "p-1",
    "subject": "anatomy",
    "answer_index": 1,
    "en": {"question": "Which?", "options": ["x", "y"], "context": "Because."},
    "ar": {"question": "أيها؟", "options": ["س", "ص"], "context": "لأن."},
}
ENGLISH = {"id": "a", "question": "Which one?", "options": ["x", "y"], "answer_index": 0}
ARABIC = {"id": "a", "question": "أيها هو؟", "options": ["س", "ص"], "answer_index": 0}


def write(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_pairs_as_objects_by_language(tmp_path: Path) -> None:
    task = load_file(write(tmp_path / "mine.jsonl", PAIR), DIRECTION)
    english, arabic = task.items
    assert (task.name, task.languages) == ("mine", ("en", "ar"))
    assert (english.context, arabic.context, arabic.options) == ("Because.", "لأن.", ("س", "ص"))
    assert arabic.origin.family == english.id
    assert {item.origin.subject for item in task.items} == {"anatomy"}
    assert {item.origin.source for item in task.items} == {"mine"}


def test_the_direction_says_which_language_is_the_source_and_one_may_be_read_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.jsonl", PAIR)
    assert load_file(path, ("ar", "en")).items[1].origin.family == load_file(path, ("ar", "en")).items[0].id
    assert load_file(path, ("ar",)).languages == ("ar",)


def test_columns_by_language_and_columns_by_name(tmp_path: Path) -> None:
    row = {"question_en": "Which?", "choices_en": ["x", "y"], "question_ar": "أيها؟", "choices_ar": ["س", "ص"]}
    task = load_file(write(tmp_path / "a.jsonl", row | {"id": "7", "answer_index": 1}), DIRECTION)
    assert [(item.origin.native_id, item.answer_index) for item in task.items] == [("7", 1), ("7", 1)]
    (tmp_path / "b.csv").write_text('Q,A,B,R,O,K\nWhich?,x,y,أيها؟,"[""س"", ""ص""]",B\n', encoding="utf-8")
    columns = pair_columns(
        "source.question=Q,source.options=A|B,target.question=R,target.options=O,answer_index=K", DIRECTION
    )
    task = load_file(tmp_path / "b.csv", DIRECTION, columns)
    assert [(item.options, item.answer_index) for item in task.items] == [(("x", "y"), 1), (("س", "ص"), 1)]


def test_columns_that_are_not_there_are_named(tmp_path: Path) -> None:
    columns = pair_columns("source=en,target=fr,answer_index=K", ("en", "fr"))
    path = write(tmp_path / "a.jsonl", PAIR)
    with pytest.raises(DataError, match=r"a.jsonl: the columns are not known; wanted en.question, en.options, K"):
        load_file(path, ("en", "fr"), columns)
    columns = columns.model_copy(update={"answer_index": "answer_index"})
    with pytest.raises(DataError, match="the columns say nothing about language 'ar'"):
        load_file(path, DIRECTION, columns)


def test_one_language_alone_is_known_by_its_script_or_by_its_column(tmp_path: Path) -> None:
    assert load_file(write(tmp_path / "a.jsonl", ENGLISH), DIRECTION).languages == ("en",)
    assert load_file(write(tmp_path / "b.jsonl", ARABIC), DIRECTION).languages == ("ar",)
    assert load_file(write(tmp_path / "c.jsonl", ENGLISH | {"language": "ar"}), DIRECTION).languages == ("ar",)
    with pytest.raises(DataError, match="rows in fr, but the languages that are compared are en, ar"):
        load_file(write(tmp_path / "d.jsonl", ENGLISH | {"language": "fr"}), DIRECTION)


def test_both_languages_in_one_file_are_paired_by_id(tmp_path: Path) -> None:
    rows = [ARABIC | {"language": "ar"}, ENGLISH | {"language": "en"}, ENGLISH | {"language": "en", "id": "b"}]
    task = load_file(write(tmp_path / "a.jsonl", *rows), DIRECTION)
    assert [(item.language, item.origin.native_id) for item in task.items] == [("en", "a"), ("ar", "a")]
    assert task.num_unpaired == 1


def test_a_file_with_the_columns_of_a_benchmark_is_understood(tmp_path: Path) -> None:
    row = {"question": "Which?", "opa": "w", "opb": "x", "opc": "y", "opd": "z", "cop": 0}
    assert load_file(write(tmp_path / "a.jsonl", row), DIRECTION).items[0].options == ("w", "x", "y", "z")


def test_the_file_beside_gives_shots_and_bad_ones_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.jsonl", PAIR)
    write(tmp_path / "mine_dev.jsonl", PAIR | {"id": "d-1"}, PAIR | {"id": "d-2", "answer_index": 5})
    task = load_file(path, DIRECTION)
    assert [(shot.language, shot.origin.native_id, shot.origin.split) for shot in task.shots] == [
        ("en", "d-1", "dev"),
        ("ar", "d-1", "dev"),
    ]
    assert task.rejections == ()
    assert task.notes == ("mine: 2 examples to show first are left out: they have a fault",)


def test_bad_rows_are_rejected_by_id_and_a_file_of_bad_rows_is_an_error(tmp_path: Path) -> None:
    bad = PAIR | {"id": "p-2", "answer_index": None}
    task = load_file(write(tmp_path / "a.jsonl", PAIR, bad), DIRECTION)
    assert [(one.native_id, one.reason, one.detail) for one in task.rejections] == [
        ("p-2", "no_answer", "en"),
        ("p-2", "no_answer", "ar"),
    ]
    assert len(task.items) == 2
    with pytest.raises(DataError, match=r"task b: no item is left to score \(no_answer\)"):
        load_file(write(tmp_path / "b.jsonl", bad), DIRECTION)
    with pytest.raises(DataError, match="there are no rows in it"):
        load_file(write(tmp_path / "c.jsonl"), DIRECTION)


def test_the_same_item_has_the_same_id_as_in_a_pipeline(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.jsonl", PAIR)
    expected = list(read_pairs(NativePairs(reader="native", path=path), tmp_path, *DIRECTION))
    assert [item.id for item in load_file(path, DIRECTION).items] == [item.id for item in expected]
