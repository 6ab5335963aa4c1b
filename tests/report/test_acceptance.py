from dataclasses import replace

import pytest

from qantara.report.acceptance import acceptance_lines, calibration_table, same_model_warnings


def with_details(facts, **changes):
    summary = facts.summaries["translate"]
    return replace(facts, summaries={"translate": summary | {"details": summary["details"] | changes}})


def with_translate(facts, **changes):
    return replace(facts, recipe={"translate": facts.recipe["translate"] | changes})


def told(facts):
    return " ".join(str(line) for line in acceptance_lines(facts))


def test_without_a_threshold_findings_decided_and_scores_are_uncalibrated(facts):
    text = told(facts)
    assert "decided by findings alone" in text
    assert "no fault and no doubt" in text
    assert "they are uncalibrated" in text
    assert "<code>qantara calibrate RUN</code>" in text
    assert "<code>translate.calibration</code>" in text
    assert calibration_table(facts) is None


def test_a_threshold_is_told_with_what_its_calibration_found(facts, calibration):
    calibrated = replace(with_details(facts, threshold=82), calibration=calibration)
    text = told(calibrated)
    assert "score at least 82 of 100. Every other readable one went to people." in text
    assert "uncalibrated" not in text
    table = calibration_table(calibrated)
    assert table.caption == "Calibration of 2026-10-08: scores held against people's decisions"
    assert table.headers[2] == "95% interval or bound"
    assert [row[1:] for row in table.rows] == [
        ["0.831", "0.720 to 0.910"],
        ["0.5%", "0.1% to 2.8%"],
        ["82", "at most 1.8%"],
    ]
    under = ("490 decided records", "200 accepted records drawn at random", "12.3% of the records go to people then")
    assert all(text in row[0] for text, row in zip(under, table.rows, strict=True))


def test_a_threshold_of_the_recipes_own_has_no_bound(facts, calibration):
    own = replace(with_details(facts, threshold=70), calibration=calibration)
    assert "The recipe sets this threshold itself: the calibration found 82, and its bound holds for that." in told(own)
    none_found = replace(own, calibration=calibration | {"threshold": None})
    assert "The recipe sets this threshold itself: the calibration found no threshold." in told(none_found)


def test_a_floor_rejects_unseen_and_is_told(facts):
    floored = with_translate(with_details(facts, threshold=82), floor=20)
    assert "those with a score below 20 were rejected unseen" in told(floored)


def test_a_threshold_without_its_calibration_at_hand_promises_nothing(facts):
    assert "figures are not at hand" in told(with_details(facts, threshold=82))


def test_a_calibration_made_after_the_run_did_not_decide(facts, calibration):
    text = told(replace(facts, calibration=calibration))
    assert "Scores decided nothing in this run; they were calibrated on 2026-10-08" in text
    assert "name that calibration in the recipe" in text
    without = told(replace(facts, calibration=calibration | {"threshold": None}))
    assert "No threshold could be shown" in without
    assert "name that" not in without


@pytest.mark.parametrize("threshold", [None, 82])
def test_a_calibration_of_another_policy_says_nothing(facts, calibration, threshold):
    other = replace(with_details(facts, threshold=threshold), calibration=calibration | {"policy": "other"})
    assert "made with another judge, prompt, penalty or language" in told(other)
    assert calibration_table(other) is None


def test_figures_that_nobody_knows_are_not_nought(facts, calibration):
    unknown = {
        "auc": None,
        "accepted_error_rate": None,
        "threshold": None,
        "upper_error_rate": None,
        "review_share": None,
    }
    table = calibration_table(replace(facts, calibration=calibration | unknown))
    assert [row[1:3] for row in table.rows] == [["not known", ""], ["not known", ""], ["none was found", ""]]
    assert "290 of 300 doubted records decided" in table.rows[2][0]


def test_who_translated_and_who_judged_is_told(facts, empty_facts):
    assert told(facts).startswith("<code>demo-translator</code> translated; <code>demo-judge</code> judged.")
    alone = with_translate(facts, judge=None)
    assert "no language model judged, rules and sentence vectors alone looked for faults" in told(alone)
    assert "no language model judged, rules alone" in told(with_translate(facts, judge=None, meaning=False))
    own = with_translate(facts, judge={"model": "demo-translator"})
    assert told(own).startswith("<code>demo-translator</code> translated and judged its own translations.")
    assert "translated;" not in told(replace(facts, recipe={}))
    hostile = with_translate(facts, model={"model": "<b>"})
    assert "<b>" not in told(hostile)


def test_a_model_that_judges_itself_is_warned_of(facts):
    assert same_model_warnings(facts) == []
    same = {"model": "demo-translator"}
    (own,) = same_model_warnings(with_translate(facts, judge=same))
    assert own.startswith("<strong>Warning:</strong> demo-translator translated and was the judge as well.")
    both = same_model_warnings(with_translate(facts, judge=same, second_judge=same))
    assert "was the judge and the second judge as well" in both[0]
    assert both[1].startswith(
        "<strong>Warning:</strong> The second vote is by the same model as the first, demo-translator"
    )
    assert same_model_warnings(replace(facts, recipe={})) == []
