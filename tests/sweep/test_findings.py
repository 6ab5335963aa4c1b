from dataclasses import replace

import pytest

from qantara.intervals import holm
from qantara.sweep.findings import compared_pairs, findings, measures_of, values_of
from qantara.sweep.statistics import mean_interval, paired_difference


def rows(found, table, **wanted):
    return [row for row in found[table] if all(row[name] == value for name, value in wanted.items())]


def test_points_are_means_over_seeds_with_their_intervals(facts):
    made = facts()
    (row,) = rows(findings(made), "points", kind="loss", language="ar", share=0.5)
    values = [arm.losses["ar"] for arm in made.arms if arm.share == 0.5]
    mean = mean_interval(values)
    assert (row["n"], row["mean"], row["low"], row["high"]) == mean


def test_forgetting_is_the_source_language_of_arms_minus_base(facts):
    made = facts()
    found = findings(made)
    assert {(row["kind"], row["language"]) for row in found["forgetting"]} == {("accuracy", "en"), ("loss", "en")}
    (row,) = rows(found, "forgetting", kind="loss", share=1.0)
    assert row["mean"] == pytest.approx(sum(arm.losses["en"] - 1.45 for arm in made.arms if arm.share == 1.0) / 3)


def test_neighbours_and_extremes_are_compared_seed_by_seed_and_corrected_together(facts):
    made = facts()
    found = findings(made)["comparisons"]
    assert len(found) == 4 * 3  # measures x (two neighbours and the extremes)
    row = next(r for r in found if (r["kind"], r["language"], r["first"], r["second"]) == ("loss", "en", 0.0, 1.0))
    first, second = ([arm.losses["en"] for arm in made.arms if arm.share == share] for share in (0.0, 1.0))
    assert row["p_value"] == paired_difference(first, second).p_value
    assert [r["adjusted_p_value"] for r in found] == holm([r["p_value"] for r in found])


def test_a_real_difference_is_larger_than_noise_and_a_made_up_one_is_not(facts):
    found = findings(facts())["comparisons"]
    told = {(r["kind"], r["language"], r["first"], r["second"]): r["larger_than_noise"] for r in found}
    assert told["loss", "ar", 0.0, 1.0]
    assert not told["loss", "en", 0.0, 0.5]


def test_confidence_decides_what_counts(facts):
    loose = findings(facts(confidence=0.5))["comparisons"]
    strict = findings(facts(confidence=0.9999))["comparisons"]
    assert sum(r["larger_than_noise"] for r in loose) > sum(r["larger_than_noise"] for r in strict)


def test_with_one_seed_there_are_points_but_no_intervals_and_no_tests(facts):
    found = findings(facts(seeds=(0,)))
    assert all(row["low"] is None for row in found["points"])
    assert all(row["p_value"] is None and not row["larger_than_noise"] for row in found["comparisons"])


def test_a_diverged_arm_is_left_out_and_its_seed_not_compared(facts):
    made = facts()
    broken = replace(made.arms[0], losses={"ar": None, "en": 1.5})
    made = replace(made, arms=[broken, *made.arms[1:]])
    found = findings(made)
    (row,) = rows(found, "points", kind="loss", language="ar", share=broken.share)
    assert row["n"] == 2
    (row,) = rows(found, "comparisons", kind="loss", language="ar", first=0.0, second=0.5)
    assert row["n"] == 2


def test_learning_rates_are_compared_with_themselves_only(facts):
    found = findings(facts(rates=(1e-4, 1e-3)))
    assert len(found["comparisons"]) == 2 * 4 * 3
    assert {row["learning_rate"] for row in found["points"]} == {1e-4, 1e-3}


def test_without_a_benchmark_only_losses_are_told(facts):
    made = facts(evaluated=False)
    assert [measure.kind for measure in measures_of(made)] == ["loss", "loss"]
    assert len(values_of(made, measures_of(made)[0])) == 3


@pytest.mark.parametrize(
    ("shares", "pairs"),
    [
        ([0.5], []),
        ([0.0, 1.0], [(0.0, 1.0)]),
        ([0.0, 0.5, 1.0], [(0.0, 0.5), (0.5, 1.0), (0.0, 1.0)]),
    ],
)
def test_extremes_are_compared_once(shares, pairs):
    assert compared_pairs(shares) == pairs
