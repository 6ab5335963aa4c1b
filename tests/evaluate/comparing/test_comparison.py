import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from qantara.evaluate.comparing.comparison import Comparing, differences, pairs, with_holm
from qantara.evaluate.comparing.contrasts import clustered, equivalence_p, independent
from qantara.evaluate.comparing.resampling import bootstrap

GAP = {"en": 1.0, "ar": -1.0}
SIDES = ("source", "target")


def test_a_comparison_holds_what_its_parts_compute(answers):
    subjects = list("aaabbbcccc")
    arms = {"en": answers("en", "RRRWRRWRRR", subjects=subjects), "ar": answers("ar", "RWRWWRRRWR", subjects=subjects)}
    values = np.array([0, 1, 0, 0, 1, 0, -1, 0, 1, 0.0])
    alone, together = independent(values, [1, -1]), clustered(values, [1, -1], subjects)
    found = differences(arms, GAP, Comparing(margin=0.05, num_draws=500, seed=3))
    low, high = bootstrap(values, None, 3, 500)
    assert found == {
        "num_items": 10,
        "difference": pytest.approx(0.2),
        "low": alone.low,
        "high": alone.high,
        "num_clusters": 3,
        "clustered_low": together.low,
        "clustered_high": together.high,
        "bootstrap_low": low,
        "bootstrap_high": high,
        "bootstrap_unit": "item",
        "equivalence_margin": 0.05,
        "equivalence_p": max(equivalence_p(alone, 0.05), equivalence_p(together, 0.05)),
    }


def test_many_clusters_are_resampled_and_few_are_not(answers):
    letters, other = "RW" * 30, "RRWWRW" * 10
    for num_clusters, unit in ((19, "item"), (20, "cluster")):
        subjects = [f"s{i % num_clusters}" for i in range(60)]
        arms = {"en": answers("en", letters, subjects=subjects), "ar": answers("ar", other, subjects=subjects)}
        assert differences(arms, GAP)["bootstrap_unit"] == unit


def test_one_subject_has_no_clustered_interval(answers):
    found = differences({"en": answers("en", "RW"), "ar": answers("ar", "WW")}, GAP)
    assert (found["num_clusters"], found["clustered_low"], found["clustered_high"]) == (1, None, None)


def test_source_questions_as_clusters_leave_items_independent(answers):
    arms = {"en": answers("en", "RRWR" * 25), "ar": answers("ar", "RWWR" * 25)}
    found = differences(arms, GAP, Comparing(cluster="family"))
    assert found["num_clusters"] == 100
    assert (found["clustered_low"], found["clustered_high"]) == (
        pytest.approx(found["low"], abs=0.01),
        pytest.approx(found["high"], abs=0.01),
    )


def test_pairs_count_the_four_cells_agreement_and_test(answers):
    # both right 0, 1; only source 2, 3, 4; only target 5; both wrong 6, and 7 unread on both sides, which is no agreement
    found = pairs(answers("en", "RRRRRWWU"), answers("ar", "RRWWURWU"), SIDES)
    cells = [found[name] for name in ("both_right", "only_source_right", "only_target_right", "both_wrong")]
    assert cells == [2, 3, 1, 2]
    assert (found["source_accuracy"], found["target_accuracy"], found["difference"]) == (5 / 8, 3 / 8, 2 / 8)
    assert found["same_choice"] == 3 / 8
    assert found["p_value"] == pytest.approx(mcnemar([[2, 3], [1, 2]], exact=True).pvalue)
    assert found["smallest_detectable_gap"] > 0.5


def test_each_way_of_scoring_is_corrected_on_its_own():
    rows = [
        {"scoring": scoring, "normalization": "sum", "p_value": p}
        for scoring, p in [("letter", 0.01), ("text", 0.02), ("letter", 0.04), ("text", 0.6)]
    ]
    assert [row["p_holm"] for row in with_holm(rows)] == [0.02, 0.04, 0.04, 0.6]
    assert with_holm([]) == []
