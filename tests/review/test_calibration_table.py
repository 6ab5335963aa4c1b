import pytest

from qantara.review.calibration import Aim, Item, calibrate
from qantara.review.calibration_table import conclusion, notes, table


def items(count, score=100, error="none", *, doubted=False, drawn=True):
    one = Item(
        kind="answer",
        score=score,
        judge_score=None,
        can_pass=True,
        doubted=doubted,
        drawn=drawn or doubted,
        error=error,
    )
    return [one] * count


def report(made, num_left_out=0):
    return calibrate(made, num_left_out, Aim(error_rate=0.02, confidence=0.95), "policy-1", "2026-11-26")


DOUBTED = items(50, 60, "major", doubted=True)


@pytest.mark.parametrize(
    ("made", "left_out", "note"),
    [
        (items(10, error=None), 0, "nobody has decided on a record yet"),
        (items(300) + DOUBTED + items(7, 80, None, doubted=True), 0, "undecided: 7 of 57 doubted records"),
        (items(300) + DOUBTED + items(3, error=None), 0, "undecided: 3 of 303 accepted records drawn at random"),
        (items(300) + DOUBTED, 4, "in no rate here: 4 decided"),
        (items(300), 0, "not found one major error yet"),
        (DOUBTED, 0, "not found one record without a major error yet"),
        (DOUBTED + items(9, 80, doubted=True), 0, "this run accepted nothing"),
        (
            items(100) + items(900, error=None, drawn=False) + DOUBTED,
            0,
            "49 more and find no major error: run again with",
        ),
        (items(100) + items(900, error=None, drawn=False) + DOUBTED, 0, "translate.audit_rate 0.149 or more"),
        (items(100) + DOUBTED, 0, "this run accepted only 100"),
        (items(90) + items(10, error="major"), 0, "more than 2.0% of the accepted records that people saw"),
    ],
)
def test_what_is_missing_is_said_with_what_would_mend_it(made, left_out, note):
    assert any(note in told for told in notes(report(made, left_out)))


def test_a_whole_review_needs_no_note():
    assert notes(report(items(300) + DOUBTED)) == []


def test_the_threshold_is_said_with_its_bound_and_its_cost():
    told = conclusion(report(items(300) + DOUBTED))
    assert told.startswith("threshold 100: with 95% confidence at most 2.0% major errors (bound 1.0%); 14.3% of")


def test_no_threshold_is_said_plainly():
    assert conclusion(report(items(100) + DOUBTED)).startswith("no threshold: no score is shown to keep")


def test_the_table_shows_agreement_rate_and_candidates():
    text = "\n".join(table(report(items(300) + items(40, 80, doubted=True) + DOUBTED)))
    assert "score                                      390      50      1.000" in text
    assert "major                                      300       0      0.00%   0.00% to 1.26%" in text
    assert "<- chosen" in text
    assert "not known" in text  # the judge's own number: there is none
    assert max(map(len, text.splitlines())) <= 150


def test_of_many_candidates_those_around_the_chosen_one_are_shown():
    made = [one for score in range(60, 101) for one in items(20, score)]
    lines = table(report(made))
    assert any("<- chosen" in line for line in lines)
    assert "and 16 more with --json" in lines


def test_nothing_that_could_be_accepted_is_said():
    failed = [
        Item(kind="answer", score=70, judge_score=None, can_pass=False, doubted=True, drawn=True, error="major")
    ] * 3
    assert any("nothing that a threshold could accept" in line for line in table(report(failed)))
