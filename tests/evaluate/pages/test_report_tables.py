import pytest

from qantara.evaluate.pages.report_tables import (
    Column,
    accuracy_table,
    beside_whole,
    clean_tables,
    comparison_table,
    gap_table,
    square_table,
    subject_table,
    table_of,
)


def cells(table, row=0):
    return dict(zip(table.headers, map(str, table.rows[row]), strict=True))


def test_every_header_stands_over_its_own_cells():
    table = table_of(
        "c", [{"a": 1, "b": "x"}], [Column("B", lambda r: r["b"], is_number=False), Column("A", lambda r: str(r["a"]))]
    )
    assert (table.headers, table.rows, table.numeric) == (["B", "A"], [["x", "1"]], frozenset({1}))


def test_an_accuracy_stands_beside_chance_and_the_best_constant_answer(make_report_facts):
    row = cells(accuracy_table("c", make_report_facts().scores, {"en": "English"}))
    assert row["Arm"] == "English"
    assert "75.0%" in row["Accuracy"]
    assert (row["Chance"], row["Best constant"], row["Right / items"]) == ("25.0%", "25.0%", "36 / 48")
    assert row["95% interval"] == "61.2% to 85.1%"


def test_a_gap_stands_beside_all_its_intervals_and_tests(make_report_facts):
    row = cells(gap_table("c", make_report_facts().gaps))
    assert row["Gap"] == "+50.0"
    assert row["p"] == "< 0.001"
    assert row["Parity p"].endswith("(\u00b12.0)")
    assert all(row[name] for name in ("95% interval", "By cluster", "Bootstrap", "Least to be seen"))


def test_an_interval_that_does_not_exist_is_called_none(make_report_facts):
    lone = [row | {"clustered_low": None, "clustered_high": None} for row in make_report_facts().gaps[:1]]
    assert cells(gap_table("c", lone))["By cluster"] == "none"


def test_the_square_holds_every_item_once(make_report_facts):
    table = square_table(make_report_facts().gaps[0], ("English", "Arabic"))
    assert table.headers == ("", "Arabic right", "Arabic wrong")
    counts = [[str(cell).rpartition(">")[0].rpartition(">")[0] for cell in line[1:]] for line in table.rows]
    assert "12 (25.0%)" in counts[0][0]
    assert "24 (50.0%)" in counts[0][1]
    assert "0 (0.0%)" in counts[1][0]
    assert "12 (25.0%)" in counts[1][1]


def test_subjects_are_escaped_and_isolated(make_report_facts):
    table = subject_table(make_report_facts().gaps_by_subject, ("English", "Arabic"))
    assert cells(table, 1)["Subject"] == "<bdi>&lt;genetics&gt;</bdi>"
    assert cells(table)["Only English"] == "12"


def test_clean_and_whole_stand_side_by_side(make_report_facts):
    facts = make_report_facts()
    rows = beside_whole(facts.clean.gaps, facts.gaps)
    assert all(row["whole"]["arm"] == row["arm"] for row in rows)
    scores, gaps = clean_tables(beside_whole(facts.clean.scores, facts.scores), rows)
    assert scores.rows[0][4] == "48"
    assert scores.rows[0][7] == "24"
    assert gaps.rows[0][2] == "+50.0"


def test_a_clean_row_without_its_whole_is_left_empty(make_report_facts):
    facts = make_report_facts()
    (table,) = clean_tables(beside_whole(facts.clean.scores[:1], []), [])
    assert list(table.rows[0][2:5]) == ["", "", ""]


@pytest.mark.parametrize("header", ["First", "Second", "Only first right", "p by Holm", "Least to be seen"])
def test_two_runs_are_compared_item_by_item(make_report_facts, header):
    assert cells(comparison_table("c", make_report_facts().comparison))[header]
