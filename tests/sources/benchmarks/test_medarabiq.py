from pathlib import Path

from qantara.sources.benchmarks.loading import load_task

EXAM = """Question,Answer,Category
"أيها صحيح:
أ. الأول
ب. الثاني
ج. الثالث","ب. الثاني
",Histology
سؤال بلا خيارات,ب. الثاني,Histology
"""
BLANKS = """Question - Arabic,Answer - Arabic,Question - English,Answer - English,Category
"املأ الفراغ: ____
أ. واحد
ب. اثنان","ب. اثنان","Fill in: ____
A. one
B. two","B. two
",Neurology
"املأ الفراغ: ____
أ. واحد
ب. اثنان","أ. واحد","Fill in: ____
A. one
B. two",B. two,Neurology
"""


def test_options_are_taken_out_of_the_question(tmp_path: Path) -> None:
    (tmp_path / "multiple-choice-questions.csv").write_text(EXAM, encoding="utf-8")
    task = load_task("medarabiq", data=tmp_path)
    (item,) = task.items
    assert (item.question, item.options, item.answer_index) == ("أيها صحيح:", ("الأول", "الثاني", "الثالث"), 1)
    assert (item.origin.native_id, item.origin.subject) == ("1", "Histology")
    assert [(one.native_id, one.reason) for one in task.rejections] == [("2", "no_options")]


def test_blanks_are_pairs_and_another_key_is_set_apart(tmp_path: Path) -> None:
    (tmp_path / "fill-in-the-blank-choices.csv").write_text(BLANKS, encoding="utf-8")
    task = load_task("medarabiq-blanks", data=tmp_path)
    assert [(item.language, item.options) for item in task.items] == [("en", ("one", "two")), ("ar", ("واحد", "اثنان"))]
    assert [(one.native_id, one.reason) for one in task.rejections] == [("2", "answers_differ")]
