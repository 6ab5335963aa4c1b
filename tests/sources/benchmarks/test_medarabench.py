from pathlib import Path

from qantara.sources.benchmarks.loading import load_task

COLUMNS = "Question Number,Question,Option A,Option B,Option C,Option D,Option E,Option F,Correct Answer,Level,Medical Specialty"
ROWS = """1,أيها؟,س,ص,ع,ف,,,C,Y2,Anatomy
2,أيها؟,س,ص,ع,ف,ق,,e,Y1,Histology
3,أيها؟,س,,ع,ف,,,A,Y1,Anatomy
4,أيها؟,س,ص,ع,ف,,,F,Y1,Anatomy
"""


def test_empty_columns_at_the_end_are_no_options(tmp_path: Path) -> None:
    (tmp_path / "medarabench-test_split.csv").write_text(f"{COLUMNS}\n{ROWS}", encoding="utf-8")
    task = load_task("medarabench", data=tmp_path)
    assert [(item.origin.native_id, len(item.options), item.answer_index) for item in task.items] == [
        ("1", 4, 2),
        ("2", 5, 4),
    ]
    assert [item.origin.subject for item in task.items] == ["Anatomy", "Histology"]
    assert [(one.native_id, one.reason) for one in task.rejections] == [
        ("3", "empty_option"),
        ("4", "answer_out_of_range"),
    ]
