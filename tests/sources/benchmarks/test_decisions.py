import pytest

from qantara.sources.benchmarks.decisions import SHAPES, decision_index, decision_options
from qantara.sources.benchmarks.shapes import shape_of


def test_decisions_are_shown_in_the_language_of_the_row() -> None:
    assert decision_options("en") == ("yes", "no", "maybe")
    assert decision_options("ar") == ("نعم", "لا", "ربما")
    assert decision_options("fr") == ("oui", "non", "peut-être")


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("yes", 0),
        ("Yes.", 0),
        ("نعم", 0),
        ("لا", 1),
        ("كلا", 1),
        ("ربما", 2),
        ("قد يكون", 2),
        ("maybe", 2),
        ("", -1),
        ("؟", -1),
    ],
)
def test_a_decision_is_known_in_several_spellings(text: str, index: int) -> None:
    assert decision_index(text) == index


def test_an_arabic_row_has_arabic_options_whatever_its_decision_is_written_in() -> None:
    for decision in ("no", "لا"):
        row = {"question": "هل؟", "context": "سياق", "final_decision": decision}
        plain = shape_of([row], SHAPES, "f").plain(row, "ar")
        assert (plain["options"], plain["answer_index"]) == (("نعم", "لا", "ربما"), 1)
