import json
from pathlib import Path

import datasets
import huggingface_hub.constants
import pytest

from qantara.errors import DataError
from qantara.sources.benchmarks.loading import SHOTS_A_SUBJECT, load_task

ENGLISH = {"question": "Which?", "options": {"A": "w", "B": "x", "C": "y", "D": "z"}, "answer_idx": "C"}
ARABIC = {"question": "أيها؟", "options": {"A": "و", "B": "س", "C": "ص", "D": "ع"}, "answer_idx": "ج"}


@pytest.fixture(autouse=True)
def _without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def write(path: Path, *rows: dict[str, object]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def save(folder: Path, hub_id: str, **splits: list[dict[str, object]]) -> None:
    rows = {name: datasets.Dataset.from_list(found) for name, found in splits.items()}
    datasets.DatasetDict(rows).save_to_disk(str(folder / hub_id))


def test_the_shipped_sample_needs_nothing() -> None:
    task = load_task("sample")
    assert (len(task.items), task.languages, task.rejections) == (132, ("en", "ar"), ())
    assert task.data_set is not None
    assert task.data_set.name == "qantara-sample"


def test_two_copies_become_one_paired_task(tmp_path: Path) -> None:
    write(tmp_path / "medqa.jsonl", ENGLISH, ENGLISH | {"answer_idx": "A"})
    write(tmp_path / "bimedix-medqa-ar.jsonl", ARABIC, ARABIC | {"answer_idx": "A"})
    task = load_task("medqa", data=tmp_path)
    assert [(item.language, item.origin.native_id, item.answer_index) for item in task.items] == [
        ("en", "1", 2),
        ("ar", "1", 2),
        ("en", "2", 0),
        ("ar", "2", 0),
    ]
    assert task.items[0].origin.family == task.items[1].origin.family
    assert [item.origin.licence for item in task.items[:2]] == ["MIT", "unknown"]
    assert task.notes == ()


def test_a_copy_in_one_language_is_read_alone_and_what_is_missing_is_told(tmp_path: Path) -> None:
    write(tmp_path / "medqa_en.jsonl", ENGLISH)
    task = load_task("medqa", data=tmp_path)
    assert task.languages == ("en",)
    assert task.notes == (
        "medqa is not read in ar: no copy beside the others; put medqa_ar.jsonl (or .csv, .tsv, .parquet, .gz) there",
    )
    assert load_task("medqa", data=tmp_path, direction=("en",)).notes == ()


def test_a_column_split_chooses_items_and_shots(tmp_path: Path) -> None:
    rows = [ENGLISH | {"split": split} for split in ("train", "test", "dev")]
    write(tmp_path / "medqa.jsonl", *rows, *[rows[0]] * (SHOTS_A_SUBJECT + 5))
    task = load_task("medqa", data=tmp_path, direction=("en",))
    assert (len(task.items), len(task.shots)) == (1, SHOTS_A_SUBJECT)
    assert {shot.origin.split for shot in task.shots} == {"dev"}


def test_shots_of_a_set_that_is_not_by_subject_serve_every_item(tmp_path: Path) -> None:
    row = {"question": "Which?", "opa": "w", "opb": "x", "opc": "y", "opd": "z", "cop": 0, "subject_name": "Anatomy"}
    write(tmp_path / "medmcqa.jsonl", row)
    write(tmp_path / "medmcqa_dev.jsonl", row)
    task = load_task("medmcqa", data=tmp_path, direction=("en",))
    assert (task.items[0].origin.subject, task.shots[0].origin.subject) == ("Anatomy", "")


def test_without_a_copy_the_hub_is_read_each_language_from_its_data_set(tmp_path: Path) -> None:
    save(tmp_path, "GBaker/MedQA-USMLE-4-options", test=[ENGLISH], train=[ENGLISH] * 40)
    save(tmp_path, "BiMediX/medqa-test_arabic", train=[ARABIC])
    task = load_task("medqa", data=tmp_path)
    assert task.languages == ("en", "ar")
    assert task.origins == ("GBaker/MedQA-USMLE-4-options", "BiMediX/medqa-test_arabic")
    assert [shot.language for shot in task.shots] == ["en"] * SHOTS_A_SUBJECT


def test_a_hub_set_of_subjects_is_read_subject_by_subject(tmp_path: Path) -> None:
    rows = [{"question": f"{i}?", "choices": ["a", "b"], "answer": 1, "subject": "x"} for i in range(2)]
    save(tmp_path, "cais/mmlu", test=rows, dev=rows[:1])
    task = load_task("mmlu-medical", data=tmp_path, direction=("en",))
    assert len(task.items) == 12
    assert [item.origin.native_id for item in task.items[:3]] == ["anatomy-1", "anatomy-2", "clinical_knowledge-1"]
    assert len({shot.origin.subject for shot in task.shots}) == 6


def test_with_neither_copy_nor_hub_one_line_says_what_to_put_where(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_task("medqa", data=tmp_path)
    message = str(caught.value)
    assert message.startswith(
        "task medqa can't be read: put medqa.jsonl (or .csv, .tsv, .parquet, .gz)"
        " and medqa_ar.jsonl (or .csv, .tsv, .parquet, .gz)"
        f" into {tmp_path}, in its own columns or question, options, answer_index (data set 'GBaker/MedQA-USMLE-4-options'"
    )
    assert "\n" not in message
    with pytest.raises(DataError, match=r"put medarabiq.jsonl .* into a folder and name it with --data"):
        load_task("medarabiq")


def test_an_unknown_task_and_a_language_that_it_lacks_are_told() -> None:
    with pytest.raises(DataError, match="task 'medkwa' is no file and not known; known: sample, medqa, "):
        load_task("medkwa")
    with pytest.raises(DataError, match="task bimedix-medqa-ar is in ar, not in en, fr"):
        load_task("bimedix-medqa-ar", direction=("en", "fr"))
    with pytest.raises(DataError, match="no such file"):
        load_task("medkwa.jsonl")
