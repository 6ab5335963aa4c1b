import pytest

from qantara.fidelity.whole_set.relations import relations
from qantara.fidelity.whole_set.rows import fold_side, rows_of


def found(pairs):
    """Return the rule and severity of what relates each row, by row."""
    rows = rows_of(pairs, fold_side([pair.source for pair in pairs]), fold_side([pair.target for pair in pairs]))
    return {row: [(one.rule, one.severity) for one in related] for row, related in relations(rows).items() if related}


@pytest.fixture
def unrelated(text_pair, writer):
    return [text_pair(number, writer.text(30), writer.text(30)) for number in range(1, 41)]


def test_unrelated_pairs_have_nothing_in_common(unrelated):
    assert found(unrelated) == {}


def test_a_pair_that_stands_twice_is_a_duplicate_of_the_first(unrelated, text_pair):
    again = text_pair(41, unrelated[3].source["text"], unrelated[3].target["text"])
    assert found([*unrelated, again]) == {40: [("set.near_duplicate", "warn")]}


def test_one_target_for_sources_that_say_other_things_fails_for_all_of_them(unrelated, text_pair, writer):
    target = writer.text(30)
    sharing = [text_pair(number, writer.text(30), target) for number in (41, 42, 43)]
    assert found([*unrelated, *sharing]) == {row: [("set.shared_target", "fail")] for row in (40, 41, 42)}


def test_a_short_target_may_be_right_for_several_sources(unrelated, text_pair, writer):
    short = [text_pair(number, writer.text(5), "نعم") for number in (41, 42, 43)]
    assert found([*unrelated, *short]) == {}


def test_an_id_that_stands_twice_warns_at_the_later_pair(text_pair, writer):
    pairs = [text_pair(number, writer.text(20), writer.text(20), "same") for number in (1, 2)]
    assert found(pairs) == {1: [("set.duplicate_id", "warn")]}


def test_a_question_that_was_lost_is_told_by_the_target(choice_pair, writer):
    def options():
        return [writer.text(3) for _ in range(4)]

    pairs = [choice_pair(n, [writer.text(20), *options()], [writer.text(20), *options()]) for n in range(1, 31)]
    lost = choice_pair(31, [writer.text(20), *options()], ["", *options()])
    answers = options()
    copied = choice_pair(32, [writer.text(20), *options()], [answers[0], *answers])
    assert found([*pairs, lost, copied]) == {30: [("set.lost_stem", "fail")], 31: [("set.lost_stem", "fail")]}


def test_no_more_than_one_row_has_nothing_in_common(unrelated):
    assert found(unrelated[:1]) == {}
