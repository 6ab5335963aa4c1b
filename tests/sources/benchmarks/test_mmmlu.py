from pathlib import Path

from qantara.sources.benchmarks.loading import load_task

ARABIC = """Question,A,B,C,D,Answer,Subject
أيها القانون؟,1,2,3,4,A,international_law
أيها العظم؟,1,2,3,4,B,anatomy
أيها الجين؟,1,2,3,4,C,medical_genetics_test.csv_ar-XY.csv
أيها الآخر؟,1,2,3,4,D,anatomy
"""
ENGLISH = """question,A,B,C,D,answer,subject
Which gene?,1,2,3,4,C,medical_genetics
Which bone?,1,2,3,4,B,anatomy
Which other?,1,2,3,4,A,anatomy
"""


def test_medical_subjects_are_paired_with_english_by_place_in_the_subject(tmp_path: Path) -> None:
    (tmp_path / "mmmlu-ar.csv").write_text(ARABIC, encoding="utf-8")
    (tmp_path / "mmlu-medical.csv").write_text(ENGLISH, encoding="utf-8")
    task = load_task("mmmlu-ar", data=tmp_path)
    assert [(item.language, item.origin.native_id) for item in task.items] == [
        ("en", "medical_genetics-1"),
        ("ar", "medical_genetics-1"),
        ("en", "anatomy-1"),
        ("ar", "anatomy-1"),
    ]
    assert [(one.native_id, one.reason) for one in task.rejections] == [("anatomy-2", "answers_differ")]
    assert task.num_unpaired == 1


def test_arabic_alone_is_a_task(tmp_path: Path) -> None:
    (tmp_path / "mmmlu_ar.csv").write_text(ARABIC, encoding="utf-8")
    task = load_task("mmmlu-ar", data=tmp_path)
    assert (task.languages, len(task.items)) == (("ar",), 3)
