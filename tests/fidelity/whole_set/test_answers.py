import pytest

from qantara.fidelity.whole_set.answers import AnswerCounts, chi_square_p


@pytest.mark.parametrize(
    ("statistic", "degrees", "expected"),
    # printed tables of the chi-square distribution
    [
        (3.841, 1, 0.05),
        (5.991, 2, 0.05),
        (7.815, 3, 0.05),
        (9.488, 4, 0.05),
        (20.515, 5, 0.001),
        (0.0, 3, 1.0),
        (0.0, 4, 1.0),
    ],
)
def test_chi_square_p_agrees_with_tables(statistic, degrees, expected):
    assert chi_square_p(statistic, degrees) == pytest.approx(expected, abs=2e-5)


def observed(pairs):
    counts = AnswerCounts()
    for pair in pairs:
        counts.observe(pair)
    return {finding.rule: finding for finding in counts.findings()}


def test_a_key_that_prefers_one_position_is_a_warning(choice_pair):
    options = ["q", "aa", "bb", "cc", "dd"]
    keys = [0] * 70 + [1, 2, 3] * 30
    skew = observed(choice_pair(i, options, options, key) for i, key in enumerate(keys))["set.answer_key_skew"]
    assert skew.severity == "warn"
    assert skew.figures["share_0"] == pytest.approx(70 / 160)


def test_an_even_key_and_a_short_set_are_no_warning(choice_pair):
    options = ["q", "aa", "bb", "cc", "dd"]
    even = observed(choice_pair(i, options, options, i % 4) for i in range(200))
    assert even["set.answer_key_skew"].severity == "info"
    assert even["set.longest_option"].severity == "info"
    assert observed(choice_pair(i, options, options, 0) for i in range(20)) == {}


def test_right_answers_that_grew_in_translation_are_a_warning(choice_pair):
    source, target = ["q", "aa", "bb", "cc", "dd"], ["q", "aaaa", "bb", "cc", "dd"]
    longest = observed(choice_pair(i, target, target, i % 4) for i in range(200))["set.longest_option"]
    assert longest.severity == "info"  # the first option is longest, right or not: 25 %
    found = observed(choice_pair(i, source, target, 0 if i % 3 else 1) for i in range(200))["set.longest_option"]
    assert found.severity == "warn"
    assert found.figures["target_share"] > 0.6
    assert found.figures["source_share"] == 0.0


def test_counts_of_shards_add_up(choice_pair):
    pairs = [choice_pair(i, ["q", "aa", "b"], ["q", "a", "bb"], i % 2) for i in range(120)]
    whole, first, second = AnswerCounts(), AnswerCounts(), AnswerCounts()
    for i, pair in enumerate(pairs):
        whole.observe(pair)
        (first if i < 50 else second).observe(pair)
    first.merge(second)
    assert first.findings() == whole.findings()
