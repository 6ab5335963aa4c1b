from dataclasses import replace

import numpy as np
import pytest

from qantara.records import Decision
from qantara.review.agreement import exact_upper
from qantara.review.calibration import Aim, Candidate, Item, calibrate, candidates_of, choose, make_items

AIM = Aim(error_rate=0.02, confidence=0.95)


def item(score=100, error=None, *, doubted=False, drawn=None, can_pass=True, kind="answer", judge_score=None):
    return Item(
        kind=kind,
        score=score,
        judge_score=judge_score,
        can_pass=can_pass,
        doubted=doubted,
        drawn=doubted or error is not None if drawn is None else drawn,
        error=error,
    )


def simulated(seed, size=3000, rate=0.02, signal=2.0, audit=0.3, left=0.0):
    """Return items as people left them, and each one's true error."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(size) < rate
    doubt = rng.normal(size=size) + signal * wrong
    line, fail = np.quantile(doubt, [0.85, 0.95])
    items = []
    for is_wrong, value in zip(wrong.tolist(), doubt.tolist(), strict=True):
        doubted = value >= line
        drawn = doubted or rng.random() < audit
        seen = drawn and rng.random() >= left
        steps = int(min(9, max(0, 3 * (value - line) + 5)))
        items.append(
            item(
                100 - 4 * steps,
                ("major" if is_wrong else "none") if seen else None,
                doubted=doubted,
                drawn=drawn,
                can_pass=value < fail,
            )
        )
    return items, wrong.tolist()


def run(items, aim=AIM, num_left_out=0):
    return calibrate(items, num_left_out, aim, "policy-1", "2026-11-26")


def searched(items, aim):
    """Return the best threshold by trying all scores, straight from the definitions; undecided doubted ones are wrong."""
    found = None
    for threshold in range(101):
        accepted = [i for i in items if i.can_pass and i.score >= threshold]
        margin = rate = 0.0
        for doubted in (False, True):
            part = [i for i in accepted if i.doubted == doubted]
            seen = [i for i in part if doubted or i.error is not None]
            wrong = sum(i.error == "major" or (doubted and i.error is None) for i in seen)
            if part:
                share = wrong / len(seen) if seen else 1.0
                upper = exact_upper(wrong, len(seen), aim.confidence) if seen else 2.0
                rate += len(part) / len(accepted) * share
                margin += (len(part) / len(accepted) * (upper - share)) ** 2
        if (
            accepted
            and rate + margin**0.5 <= aim.error_rate
            and any(i.can_pass and i.score == threshold for i in items)
            and (found is None or len(accepted) > found[0])
        ):
            found = (len(accepted), threshold)
    return None if found is None else found[1]


@pytest.mark.parametrize("seed", range(12))
def test_the_threshold_is_the_one_that_a_search_of_all_scores_finds(seed):
    items, _ = simulated(seed, rate=0.01 + 0.002 * seed, left=0.02 * (seed % 3))
    assert run(items).calibration.threshold == searched(items, AIM)


def test_the_threshold_keeps_its_promise_on_all_records():
    found = missed = 0
    for seed in range(120):
        items, wrong = simulated(seed, size=2000, rate=0.025, audit=0.4)
        chosen = choose(candidates_of(items, AIM), AIM.error_rate)
        if chosen is not None:
            accepted = [w for i, w in zip(items, wrong, strict=True) if i.can_pass and i.score >= chosen.threshold]
            found += 1
            missed += sum(accepted) / len(accepted) > AIM.error_rate
    assert found > 60
    assert missed / 120 < 0.05


def test_the_rate_of_accepted_records_holds_the_truth_as_often_as_it_says():
    held = 0
    for seed in range(200):
        items, wrong = simulated(seed, size=800, rate=0.2, signal=1.0)
        accepted = [w for i, w in zip(items, wrong, strict=True) if not i.doubted]
        found = run(items).calibration
        held += found.accepted_error_low <= sum(accepted) / len(accepted) <= found.accepted_error_high
    assert held / 200 > 0.919  # 0.95 less two standard errors


def test_accepted_records_are_weighted_by_how_few_of_them_were_drawn():
    drawn = [item(100, "none")] * 9 + [item(80, "major")]
    doubted = [item(60, "major", doubted=True)] * 10
    once = run([*drawn, *doubted]).agreements[0].auc.value
    many = run([*drawn, *[item(100)] * 990, *doubted]).agreements[0].auc.value
    assert once == many == 1.0
    tied = [item(100, "major"), *[item(100, "none")] * 9, *doubted]
    assert run(tied).agreements[0].auc.value == pytest.approx((10 + 0.5) / 11)
    assert run([*tied, *[item(100)] * 90]).agreements[0].auc.value == pytest.approx((10 + 10 * 0.5) / 20)


def test_the_judges_own_number_stands_beside_the_score_and_kinds_apart():
    items = [item(100, "none", judge_score=20, kind="choice")] * 5 + [
        item(60, "major", judge_score=90, doubted=True)
    ] * 5
    items += [item(60, "none", doubted=True)] * 3
    rows = {(row.number, row.kind): row for row in run(items).agreements}
    assert set(rows) == {(number, kind) for number in ("score", "judge") for kind in ("", "answer", "choice")}
    assert rows["judge", ""].auc.value == 0.0
    assert (rows["judge", ""].decided, rows["score", ""].decided) == (10, 13)
    assert rows["score", "choice"].auc.value is None


def test_without_decisions_nothing_is_known_and_no_threshold_is_given():
    report = run([item(100), item(98, drawn=True), item(80, doubted=True)])
    found = report.calibration
    assert (found.threshold, found.upper_error_rate, found.review_share) == (None, None, None)
    assert (found.auc, found.accepted_error_rate, found.accepted_error_high) == (None, None, 1.0)
    assert report.num_drawn == 1


def test_no_records_at_all_are_no_error():
    report = run([])
    assert (report.calibration.threshold, report.candidates) == (None, ())


def test_when_all_scores_are_tied_there_is_one_candidate_and_a_coins_auc():
    items = [item(90, "none")] * 300 + [item(90, "major")]
    report = run(items)
    assert report.calibration.auc == 0.5
    assert [c.threshold for c in report.candidates] == [90]
    assert report.calibration.threshold == 90


def test_a_lower_threshold_takes_in_doubted_records_that_people_found_right():
    items = [item(100, "none")] * 300 + [item(80, "none", doubted=True)] * 300 + [item(60, "major", doubted=True)] * 300
    found = run(items).calibration
    assert (found.threshold, found.review_share) == (80, pytest.approx(1 / 3))
    assert found.upper_error_rate < 0.02


def test_a_record_with_a_fail_is_never_counted_as_accepted():
    items = [item(100, "none")] * 300 + [item(100, "major", doubted=True, can_pass=False)] * 50
    report = run(items)
    assert report.calibration.threshold == 100
    assert [c.accepted for c in report.candidates] == [300]


def test_an_undecided_doubted_record_counts_as_wrong():
    items = [item(100, "none")] * 300 + [item(80, "none", doubted=True)] * 200 + [item(80, doubted=True)] * 60
    assert run(items).calibration.threshold == 100
    assert [(c.undecided, c.wrong) for c in run(items).candidates] == [(0, 0), (60, 0)]


def test_minor_errors_count_apart():
    report = run([item(100, "none")] * 8 + [item(100, "minor")] + [item(100, "major")])
    assert (report.calibration.num_audited_wrong, report.num_any_error) == (1, 2)
    assert (report.calibration.accepted_error_rate, report.any_error.value) == (0.1, 0.2)


def test_more_than_the_asked_error_rate_gives_no_threshold():
    assert run([item(100, "major")] * 30 + [item(100, "none")] * 300).calibration.threshold is None
    assert run([item(100, "none")] * 148).calibration.threshold is None
    assert run([item(100, "none")] * 149).calibration.threshold == 100


def test_of_candidates_that_keep_the_aim_the_cheapest_is_chosen():
    def candidate(threshold, share, upper):
        return Candidate(
            threshold=threshold, accepted=1, review_share=share, decided=1, wrong=0, undecided=0, rate=0.0, upper=upper
        )

    candidates = [
        candidate(100, 0.5, 0.01),
        candidate(98, 0.3, 0.03),
        candidate(96, 0.2, 0.02),
        candidate(80, 0.1, 0.5),
    ]
    assert choose(candidates, 0.02).threshold == 96
    assert choose(candidates, 0.001) is None
    assert choose([], 0.02) is None


def test_candidates_run_from_the_highest_score_down():
    found = candidates_of([item(90), item(100), item(80, doubted=True), item(90)], AIM)
    assert [(c.threshold, c.accepted) for c in found] == [(100, 1), (90, 3), (80, 4)]


def test_items_keep_only_decisions_on_doubted_and_drawn_records(translations):
    made = [Decision(record_id=t.source.id, action="reject", reviewer="r", error="major") for t in translations]
    items, left_out = make_items(translations, {decision.record_id: decision for decision in made})
    assert left_out == 1
    assert [(i.doubted, i.drawn, i.error, i.can_pass) for i in items] == [
        (True, True, "major", False),
        (False, True, "major", True),
        (False, False, None, True),
    ]


def test_the_judges_number_is_the_best_attempts(translations):
    audited = translations[1]
    first = replace(audited.attempts[0], score=60, judge_score=10)
    second = replace(audited.attempts[0], round=1, judge_score=95)
    (only,), _ = make_items([replace(audited, attempts=(second, first))], {})
    assert only.judge_score == 95
