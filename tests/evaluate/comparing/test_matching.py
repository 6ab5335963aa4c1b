import pytest

from qantara.evaluate.comparing.matching import POOLED, Condition, by_condition, clusters, is_right, matched, pooled


def test_predictions_are_found_by_condition_arm_and_family(answers):
    found = by_condition([*answers("en", "RW"), *answers("ar", "RW", normalization="byte")])
    assert list(found) == [Condition("m", "t", "letter", "sum"), Condition("m", "t", "letter", "byte")]
    assert list(found[Condition("m", "t", "letter", "sum")]["en"]) == ["f0", "f1"]


def test_without_an_arm_the_language_is_the_arm(answers):
    (found,) = by_condition([p.__class__(**{**fields(p), "arm": ""}) for p in answers("ar-latin", "R")]).values()
    assert list(found) == ["ar"]


def fields(prediction):
    return {name: getattr(prediction, name) for name in prediction.__slots__}


def test_a_family_asked_twice_is_an_error(answers):
    with pytest.raises(ValueError, match="en-0: its family was asked twice in arm en of task 't'"):
        by_condition(answers("en", "R") * 2)


def test_a_reply_that_could_not_be_read_is_not_right(answers):
    assert [is_right(p) for p in answers("en", "RWU")] == [True, False, False]


def test_arms_match_by_family_in_the_order_of_the_first(answers):
    first, second = ({p.family: p for p in answers(arm, "RRR")} for arm in ("en", "ar"))
    del second["f0"]
    second = dict(reversed(second.items()))
    assert [[p.item_id for p in arm] for arm in matched([first, second])] == [["en-1", "en-2"], ["ar-1", "ar-2"]]


def test_tasks_pool_where_all_arms_were_run(answers):
    both = [*answers("en", "RW"), *answers("ar", "RW"), *answers("en", "R", task="u"), *answers("ar", "R", task="u")]
    found = pooled(by_condition([*both, *answers("en", "R", task="only English")]), ("en", "ar"))
    (together,) = found
    assert together == Condition("m", POOLED, "letter", "sum")
    assert list(found[together]["ar"]) == ["t/f0", "t/f1", "u/f0"]
    assert pooled(by_condition(both[:4]), ("en", "ar")) == {}


def test_clusters_are_subjects_within_a_task_or_source_questions(answers):
    items = [*answers("en", "RRR", subjects=["a", "b", ""]), *answers("en", "R", task="u", subjects=["a"])]
    assert clusters(items, "subject") == [("t", "a"), ("t", "b"), "f2", ("u", "a")]
    assert clusters(items, "family") == ["f0", "f1", "f2", "f0"]
