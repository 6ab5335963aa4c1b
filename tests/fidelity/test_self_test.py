from qantara.fidelity.check import check
from qantara.fidelity.self_test import FEW_PLACES, new_findings, self_test
from qantara.records import Finding, Span

CODES = ("en", "ar")
PAIRS = [(f"Give {n} mg of aspirin.", f"أعطِ {n} ملغ من الأسبرين.") for n in range(2, 40)]


def rules(source, target):
    return check(source, target, source_language="en", target_language="ar")


def finding(severity="fail", start=0):
    return Finding(
        rule="digits.changed",
        severity=severity,
        field="text",
        message="",
        expected="5",
        got="50",
        source_span=Span(start=0, end=1),
        target_span=Span(start=start, end=start + 1),
    )


def test_faults_are_found_and_right_pairs_give_no_alarm():
    result = self_test(PAIRS, rules, seed=1, per_kind=31, languages=CODES, kinds=("value_x10", "ratio_reversed"))
    value, ratio = result.kinds
    assert (value.fail.hits, value.num_places, value.missed) == (31, 31, ())
    assert not value.has_few_places
    assert ratio.num_places == 0 < FEW_PLACES
    assert ratio.has_few_places
    assert (result.num_pairs, result.fail.hits, result.fail_or_warn.hits, result.alarms) == (38, 0, 0, {})


def test_a_check_that_sees_nothing_misses_everything():
    result = self_test(PAIRS[:3], lambda source, target: [], seed=1, per_kind=9, languages=CODES, kinds=("value_x10",))
    assert result.kinds[0].fail.hits == 0
    assert [missed.mutation.kind for missed in result.kinds[0].missed] == ["value_x10"] * 3
    assert {missed.pair for missed in result.kinds[0].missed} == {0, 1, 2}


def test_a_check_that_always_cries_finds_no_fault_and_only_alarms():
    result = self_test(
        PAIRS[:3], lambda source, target: [finding()], seed=1, per_kind=9, languages=CODES, kinds=("value_x10",)
    )
    assert result.kinds[0].fail.hits == 0
    assert result.fail.hits == 3
    assert result.alarms == {("fail", "digits.changed"): 3}


def test_a_finding_that_only_moved_is_not_new():
    assert new_findings([finding()], [finding(start=4)]) == ()
    assert new_findings([finding()], [finding(), finding()]) == (finding(),)
    assert new_findings([finding("warn")], [finding()]) == (finding(),)


def test_the_same_seed_gives_the_same_result():
    one, two = (self_test(PAIRS, rules, seed=3, per_kind=5, languages=CODES) for _ in range(2))
    assert one == two
