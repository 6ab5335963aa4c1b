from qantara.evaluate.pages.report_sections import accuracy_section, extraction_section, measured_sections

ORDER = ["accuracy", "gap", "parts", "quadrants", "extraction", "clean", "comparison"]
NOTHING = {"gaps": [], "gaps_by_subject": [], "split": [], "extraction": [], "clean": None, "comparison": []}


def test_sections_come_in_their_order(make_report_facts):
    assert [section.anchor for section in measured_sections(make_report_facts())] == ORDER


def test_a_section_without_anything_to_say_is_left_out(make_report_facts):
    assert [section.anchor for section in measured_sections(make_report_facts(**NOTHING))] == ["accuracy"]


def test_an_arm_without_the_primary_score_is_not_hidden(make_report_facts):
    main, alone, others = accuracy_section(make_report_facts()).tables
    assert [row[1] for row in alone.rows] == ["translated-back (as translated; the reply translated back)"]
    assert not alone.folded
    assert others.folded
    assert len(main.rows) == 4


def test_extraction_stands_beside_accuracy(make_report_facts):
    (table,) = extraction_section(make_report_facts()).tables
    row = dict(zip(table.headers, map(str, table.rows[0]), strict=True))
    assert "75.0%" in row["Read"]
    assert (row["Ambiguous"], row["No answer"], row["Accuracy"]) == ("0.0%", "25.0%", "25.0%")
    assert row["How they were read"] == "phrase 36"


def test_each_task_has_its_picture_of_parts(make_report_facts):
    parts = measured_sections(make_report_facts())[2]
    (picture,) = parts.pictures
    assert "total: +50.0" in picture.drawings[0]
    assert "labels: +25.0" in picture.drawings[0]
