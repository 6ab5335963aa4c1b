import pytest

from qantara.sources.benchmarks.entries import fault_of, read_entries, subject_name
from qantara.sources.benchmarks.shapes import GENERAL
from qantara.sources.mapping import Constants

CONSTANTS = Constants(language="en", source="d", licence="MIT", split="test")
GOOD = {"question": "Which?", "options": ["x", "y"], "answer_index": 1}


def read(rows: list[dict[str, object]], subjects: tuple[str, ...] = ()) -> list:
    return read_entries(rows, GENERAL, CONSTANTS, "f", subjects)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"question": " \u200f"}, "no_question"),
        ({"question": None}, "no_question"),
        ({"options": ["x"]}, "no_options"),
        ({"options": None}, "no_options"),
        ({"options": ["x", " "]}, "empty_option"),
        ({"options": ["x", None]}, "empty_option"),
        ({"answer_index": -1}, "no_answer"),
        ({"answer_index": None}, "no_answer"),
        ({"answer_index": "?"}, "no_answer"),
        ({"answer_index": 2}, "answer_out_of_range"),
        ({"answer_index": "E"}, "answer_out_of_range"),
        ({}, ""),
    ],
)
def test_a_row_that_cannot_be_scored_says_why(change: dict[str, object], reason: str) -> None:
    first, second = read([GOOD, GOOD | change])
    assert first.fault == ""
    assert second.fault == fault_of(second.choice) == reason


def test_a_rejection_holds_ids_and_never_the_text() -> None:
    entry = read([GOOD, {"id": "case-7", "question": "A man of 60", "options": [], "answer_index": 0}])[1]
    rejection = entry.rejection()
    assert (rejection.native_id, rejection.stage, rejection.reason, rejection.detail) == (
        "case-7",
        "evaluate",
        "no_options",
        "en",
    )
    assert "man" not in repr(rejection)


def test_a_row_without_id_has_its_number_and_the_second_of_equal_ids_is_not_scored() -> None:
    entries = read([GOOD, GOOD | {"id": "a"}, GOOD | {"id": "a"}])
    assert [entry.choice.origin.native_id for entry in entries] == ["1", "a", "a"]
    assert [entry.has_own_id for entry in entries] == [False, True, True]
    assert [entry.fault for entry in entries] == ["", "", "repeated_id"]


def test_in_a_set_of_subjects_numbers_count_in_the_subject_and_other_subjects_are_left_out() -> None:
    subjects = ["anatomy", "law", "Anatomy", "virology_test.csv_ar.csv", "anatomy_test.csv_ar.csv"]
    entries = read([GOOD | {"subject": subject} for subject in subjects], ("anatomy", "virology"))
    assert [entry.choice.origin.native_id for entry in entries] == ["anatomy-1", "anatomy-2", "virology-1", "anatomy-3"]
    assert subject_name(" College Medicine ") == "college_medicine"


def test_no_rows_give_no_entries() -> None:
    assert read([]) == []
