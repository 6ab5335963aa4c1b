import json
from pathlib import Path

from qantara.sources.benchmarks.loading import load_task

ROW = {
    "id": "mmlu-1",
    "subject": "anatomy",
    "question_en": "Which bone?",
    "choices_en": ["a", "b", "c", "d"],
    "question_ar": "أي عظم؟",
    "choices_ar": ["أ", "ب", "ج", "د"],
    "answer_index": 3,
}


def test_a_row_is_a_pair_and_the_file_beside_gives_shots_of_the_subject(tmp_path: Path) -> None:
    (tmp_path / "mmlu-medical-pairs.jsonl").write_text(json.dumps(ROW), encoding="utf-8")
    (tmp_path / "mmlu-medical-pairs_dev.jsonl").write_text(json.dumps(ROW | {"id": "dev-1"}), encoding="utf-8")
    task = load_task("mmlu-medical-pairs", data=tmp_path)
    assert [(item.language, item.question, item.answer_index) for item in task.items] == [
        ("en", "Which bone?", 3),
        ("ar", "أي عظم؟", 3),
    ]
    assert [(shot.language, shot.origin.subject) for shot in task.shots] == [("en", "anatomy"), ("ar", "anatomy")]


def test_pairs_as_objects_are_understood_too(tmp_path: Path) -> None:
    sides = {code: {"question": ROW[f"question_{code}"], "options": ROW[f"choices_{code}"]} for code in ("en", "ar")}
    row = {"id": "1", "subject": "anatomy", "answer_index": 0} | sides
    (tmp_path / "mmlu_medical_en_ar.jsonl").write_text(json.dumps(row), encoding="utf-8")
    assert load_task("mmlu-medical-pairs", data=tmp_path).languages == ("en", "ar")
