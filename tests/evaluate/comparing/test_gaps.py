import json

import pytest

from qantara.evaluate.comparing.gaps import gap_by_subject, gap_change_rows, gap_rows, model_rows
from qantara.intervals import holm


def test_a_gap_is_source_minus_arm_on_the_items_of_both(answers):
    rows = gap_rows(
        [*answers("en", "RRRRW"), *answers("ar", "RWWR"), *answers("ar-latin", "RRWR")], "en", ["ar", "ar-latin"]
    )
    assert [(r["arm"], r["num_items"], r["gap"], r["only_source_right"]) for r in rows] == [
        ("ar", 4, 0.5, 2),
        ("ar-latin", 4, 0.25, 1),
    ]
    assert {name: rows[0][name] for name in ("model", "task", "scoring", "normalization", "source_arm")} == {
        "model": "m",
        "task": "t",
        "scoring": "letter",
        "normalization": "sum",
        "source_arm": "en",
    }


def test_rows_are_json_and_the_same_each_time(answers):
    predictions = [*answers("en", "RRRRWRRW"), *answers("ar", "RWWRRRRW")]
    assert json.dumps(gap_rows(predictions, "en", ["ar"])) == json.dumps(gap_rows(predictions, "en", ["ar"]))


def test_arms_that_were_not_run_or_share_nothing_have_no_row(answers):
    predictions = answers("en", "RR")
    assert gap_rows(predictions, "en", ["en", "ar"]) == []
    assert gap_rows(answers("ar", "RR"), "en", ["ar"]) == []


def test_holm_goes_over_models_and_tasks_of_one_way_of_scoring(answers):
    predictions = []
    for model, task, letters in (("a", "t", "WWWWWWWR"), ("a", "u", "WWWWWWRR"), ("b", "t", "WWWWWRRR")):
        predictions += answers("en", "RRRRRRRR", model=model, task=task) + answers(
            "ar", letters, model=model, task=task
        )
    rows = [row for row in gap_rows(predictions, "en", ["ar"]) if row["task"] != "pooled"]
    assert [row["p_value"] for row in rows] == [2 / 2**7, 2 / 2**6, 2 / 2**5]
    assert [row["p_holm"] for row in rows] == holm([2 / 2**7, 2 / 2**6, 2 / 2**5])


def test_tasks_are_pooled_over_all_their_items(answers):
    predictions = [*answers("en", "RRRR"), *answers("ar", "RRWW")]
    predictions += answers("en", "RR", task="u") + answers("ar", "RW", task="u")
    *single, together = gap_rows(predictions, "en", ["ar"])
    assert [row["task"] for row in single] == ["t", "u"]
    assert (together["task"], together["num_items"], together["gap"]) == ("pooled", 6, 0.5)
    assert together["num_clusters"] == 2  # the same subject of two tasks is two clusters
    assert together["p_holm"] == together["p_value"]


def test_gaps_by_subject_leave_out_items_without_one(answers):
    subjects = ["a", "b", "a", "", "b"]
    predictions = [*answers("en", "RRRRR", subjects=subjects), *answers("ar", "WRRWR", subjects=subjects)]
    rows = gap_by_subject(predictions, "en", ["ar"])
    assert [(r["subject"], r["num_items"], r["gap"], r["both_right"]) for r in rows] == [
        ("a", 2, 0.5, 1),
        ("b", 2, 0.0, 2),
    ]


def test_two_models_are_compared_item_by_item_in_every_arm(answers):
    tuned = [*answers("en", "RRRW", model="tuned"), *answers("ar", "RRRW", model="tuned")]
    base = [*answers("en", "RRWW", model="base"), *answers("ar", "RWWR", model="base")]
    rows = model_rows(tuned, base)
    assert [(r["first"], r["second"], r["arm"], r["difference"]) for r in rows] == [
        ("tuned", "base", "en", 0.25),
        ("tuned", "base", "ar", 0.25),
    ]
    assert (rows[1]["only_first_right"], rows[1]["only_second_right"]) == (2, 1)
    assert "model" not in rows[0]
    assert all(row["p_holm"] == 1.0 for row in rows)


def test_a_side_with_two_models_is_an_error(answers):
    with pytest.raises(ValueError, match="one side holds 2"):
        model_rows([*answers("en", "R"), *answers("ar", "R", model="other")], answers("en", "R"))


def test_the_change_of_a_gap_is_a_difference_of_differences(answers):
    tuned = [*answers("en", "RRRRR", model="tuned"), *answers("ar", "RRRWR", model="tuned")]
    base = [*answers("en", "RRRR", model="base"), *answers("ar", "RWWW", model="base")]
    (row,) = gap_change_rows(tuned, base, "en", ["ar", "ar-latin"])
    assert (row["arm"], row["num_items"], row["difference"]) == ("ar", 4, 1 / 4 - 3 / 4)
    assert row["low"] < row["difference"] < row["high"]
