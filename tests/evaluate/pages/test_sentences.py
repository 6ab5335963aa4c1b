import pytest

from qantara.evaluate.pages.sentences import (
    chance_sentence,
    comparison_sentences,
    gap_sentence,
    headlines,
    parity_sentence,
    primary_sentence,
    split_sentence,
)

ROW = {
    "task": "medqa",
    "scoring": "letter",
    "normalization": "sum",
    "arm": "ar",
    "num_items": 1273,
    "gap": 0.123,
    "low": 0.09,
    "high": 0.154,
    "p_holm": 0.0002,
    "smallest_detectable_gap": 0.041,
    "equivalence_margin": 0.02,
    "equivalence_p": 1.0,
}
SURE, UNSURE = ROW, ROW | {"gap": 0.012, "low": -0.02, "high": 0.044, "p_holm": 0.46, "equivalence_p": 0.31}


def test_a_gap_is_said_with_its_interval_and_the_smallest_to_be_seen(make_report_facts):
    assert gap_sentence(make_report_facts(model="m"), SURE) == (
        "On medqa, m in Arabic is 12.3 points below English on the same 1,273 items (95% interval +9.0 to +15.4, p < 0.001); "
        "the smallest gap that so few items could show is 4.1 points."
    )


@pytest.mark.parametrize(
    ("gap", "words"), [(0.012, "1.2 points below it"), (-0.01, "1.0 point above it"), (0.0, "level with it")]
)
def test_an_interval_with_nought_in_it_is_no_gap(make_report_facts, gap, words):
    told = gap_sentence(make_report_facts(model="m"), UNSURE | {"gap": gap})
    assert "cannot be told apart from English" in told
    assert f"it is {words}" in told
    assert "noise alone may do" in told


def test_an_arabic_that_is_better_is_above(make_report_facts):
    told = gap_sentence(make_report_facts(), ROW | {"gap": -0.05, "low": -0.09, "high": -0.01})
    assert "in Arabic is 5.0 points above English" in told


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (SURE, "Parity within 2.0 points is not shown (p = 1.00)."),
        (UNSURE, "That is no proof of parity: that they are within 2.0 points is not shown either (p = 0.31)."),
        (UNSURE | {"equivalence_p": 0.01}, "The two are shown to be within 2.0 points of each other (p = 0.010)."),
    ],
)
def test_parity_is_claimed_only_where_it_is_shown(row, told):
    assert parity_sentence(row) == told


def test_accuracies_that_chance_reaches_are_cautioned_about(make_report_facts):
    weak = chance_sentence(make_report_facts())
    assert "Arabic on t gets 25.0%" in weak
    assert "chance gets 25.0% and the most frequent answer gets 25.0%" in weak
    assert "English on t" not in weak


def test_no_caution_where_all_are_above(make_report_facts):
    facts = make_report_facts()
    assert chance_sentence(make_report_facts(scores=[row for row in facts.scores if row["arm"] != "ar"])) == ""


def test_an_accuracy_without_a_known_chance_level_is_held_against_the_constant_answer(make_report_facts):
    row = make_report_facts().scores[0] | {"chance": None, "above_chance": None}
    assert chance_sentence(make_report_facts(scores=[row])) == ""
    told = chance_sentence(make_report_facts(scores=[row | {"above_majority": False}]))
    assert "where the most frequent answer gets 25.0%" in told


def test_the_way_of_scoring_comes_first_and_was_named_before(make_report_facts):
    first = headlines(make_report_facts())[0]
    assert first == primary_sentence(make_report_facts())
    assert "label; this way was named as the primary one before the run" in first


def test_other_ways_of_scoring_are_not_kept_quiet(make_report_facts):
    assert "By 1 other way of scoring, the same gap is 0.0 points." in headlines(make_report_facts())


def test_parts_and_translating_first_have_their_sentences(make_report_facts):
    told = " ".join(headlines(make_report_facts()))
    assert "+25.0 points are labels" in told
    assert "Translating first changes accuracy on t by +25.0 points" in told
    assert "points are total" not in told


def test_a_part_that_noise_may_be_says_so():
    row = {"task": "t", "part": "labels", "difference": 0.01, "low": -0.02, "high": 0.04}
    assert (
        split_sentence(row) == "Of the gap on t, +1.0 points are labels (\u22122.0 to +4.0; not told apart from none)."
    )


def test_a_run_of_one_language_says_that_it_has_no_gap(make_report_facts):
    told = headlines(make_report_facts(gaps=[], split=[], translate_first=[]))
    assert any(line.startswith("No gap between the languages was measured") for line in told)


def test_two_runs_that_answer_alike_are_not_told_apart(make_report_facts):
    first, *_ = comparison_sentences(make_report_facts().comparison)
    assert first.startswith("English, t: m is level with other on 48 items")
    assert first.endswith("not told apart from noise).")


def test_a_run_that_is_better_or_worse_is_above_or_below_the_other(make_report_facts):
    row = make_report_facts().comparison[0]
    better, worse = (row | {"difference": sign * 0.05, "low": 0.01, "high": 0.09} for sign in (1, -1))
    assert [told.split(" on ")[0] for told in comparison_sentences([better, worse])] == [
        "English, t: m is 5.0 points above other",
        "English, t: m is 5.0 points below other",
    ]
