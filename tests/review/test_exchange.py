import pytest

from qantara.errors import DataError
from qantara.records import Decision
from qantara.review.exchange import COLUMNS, export_review, export_rows, import_review
from qantara.review.tables import read_table, write_table


def filled(translations, path, **changes):
    """Export, change cells of the doubted record's rows by field, and write the table."""
    rows = export_rows(translations, {})
    for row in rows:
        if row["native_id"] == "doubted":
            row |= changes.get(row["field"], {})
    write_table(path, COLUMNS, rows)
    return path


def test_people_see_doubted_and_audited_records_a_row_a_field(translations):
    rows = export_rows(translations, {})
    assert [(row["native_id"], row["field"], row["why"]) for row in rows] == [
        ("doubted", "question", "digits.changed"),
        ("doubted", "answer", "digits.changed"),
        ("audited", "question", "audit"),
        ("audited", "answer", "audit"),
    ]
    assert rows[1]["findings"] == "fail: 5 became 50"


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
def test_decisions_come_back_from_every_format(translations, tmp_path, form):
    path = filled(
        translations,
        tmp_path / f"t.{form}",
        question={"action": "edit", "reviewer": "dr"},
        answer={"edited": "تناول 5 ملغ يوميًا."},
    )
    (decision,) = import_review(path, translations)
    assert decision == Decision(
        record_id=translations[0].source.id,
        action="edit",
        reviewer="dr",
        edited=(("answer", "تناول 5 ملغ يوميًا."),),
        error="major",
    )


def test_an_export_shows_what_was_decided_before(translations, tmp_path):
    decision = Decision(
        record_id=translations[0].source.id, action="edit", reviewer="dr", edited=(("answer", "٥ ملغ"),), error="minor"
    )
    assert export_review(tmp_path / "t.csv", translations, {decision.record_id: decision}, "ar") == 2
    rows = [row for _, row in read_table(tmp_path / "t.csv", COLUMNS)]
    assert (rows[0]["action"], rows[0]["error"], rows[1]["edited"]) == ("edit", "minor", "٥ ملغ")


def test_rows_without_an_action_are_left_undecided(translations, tmp_path):
    assert import_review(filled(translations, tmp_path / "t.csv"), translations) == []


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"action": "accept"}, "none"),
        ({"action": "reject", "reason": "x"}, "major"),
        ({"action": "reject", "reason": "x", "error": "minor"}, "minor"),
        ({"action": "accept", "error": "minor"}, "minor"),
        ({"action": "accept", "error": "none"}, "none"),
    ],
)
def test_how_bad_the_error_was_is_read_or_follows_from_the_action(translations, tmp_path, said, error):
    path = filled(translations, tmp_path / "t.csv", question=said | {"reviewer": "dr"})
    (decision,) = import_review(path, translations)
    assert decision.error == error


def test_a_table_without_the_column_error_can_be_imported(translations, tmp_path):
    rows = export_rows(translations, {})
    rows[0] |= {"action": "edit", "reviewer": "dr"}
    rows[1] |= {"edited": "تناول 5 ملغ يوميًا."}
    columns = [column for column in COLUMNS if column != "error"]
    write_table(tmp_path / "t.csv", columns, [{name: row[name] for name in columns} for row in rows])
    assert [decision.error for decision in import_review(tmp_path / "t.csv", translations)] == ["major"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"question": {"action": "maybe", "reviewer": "dr"}}, "action 'maybe' is not one of accept, edit, reject"),
        ({"question": {"action": "accept"}}, "names no reviewer"),
        (
            {"question": {"action": "accept", "reviewer": "dr", "error": "bad"}},
            "'bad' is not one of none, minor, major",
        ),
        ({"question": {"action": "accept", "reviewer": "dr", "error": "major"}}, "is accepted with a major error"),
        ({"question": {"error": "minor"}}, "has an error but no action"),
        (
            {"question": {"action": "accept", "reviewer": "dr", "error": "none"}, "answer": {"error": "minor"}},
            "two different values of error",
        ),
        ({"question": {"action": "reject", "reviewer": "dr"}}, "rejected without a reason"),
        ({"question": {"action": "edit", "reviewer": "dr"}}, "has no edited text"),
        ({"answer": {"edited": "نص"}}, "has edited text but no action"),
        (
            {"question": {"record_id": "ffff", "action": "accept", "reviewer": "dr"}},
            "record ffff is not among this run",
        ),
        (
            {"question": {"action": "edit", "reviewer": "dr"}, "answer": {"action": "accept", "edited": "x"}},
            "two different values of action",
        ),
        (
            {"question": {"action": "edit", "reviewer": "dr"}, "answer": {"edited": "تناول 500 ملغ يوميًا."}},
            "the edited text fails digits.changed in answer",
        ),
    ],
)
def test_a_fault_is_listed_with_its_line_and_nothing_is_imported(translations, tmp_path, changes, fault):
    path = filled(translations, tmp_path / "t.csv", **changes)
    with pytest.raises(DataError, match="nothing was imported") as caught:
        import_review(path, translations)
    assert fault in str(caught.value)
    assert "line " in str(caught.value)


def test_a_reason_lets_a_reviewer_stand_against_the_checks(translations, tmp_path):
    changes = {
        "question": {"action": "edit", "reviewer": "dr", "reason": "source slip"},
        "answer": {"edited": "تناول 500 ملغ يوميًا."},
    }
    (decision,) = import_review(filled(translations, tmp_path / "t.csv", **changes), translations)
    assert decision.reason == "source slip"
