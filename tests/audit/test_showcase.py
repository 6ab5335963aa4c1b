from qantara.audit.findings import CheckedPair
from qantara.audit.showcase import Showcase
from qantara.audit.tally import Tally
from qantara.records import Finding


def pair(row, *found):
    findings = tuple(Finding(rule=rule, severity=severity, field="", message="") for rule, severity in found)
    return CheckedPair(row=row, id=f"id-{row}", similarity=None, findings=findings)


def chosen(pairs, limit):
    tally, showcase = Tally(), Showcase(limit)
    for each in pairs:
        tally.add(each)
        showcase.offer(each)
    return showcase.chosen(tally.rules())


def test_every_rule_has_its_examples_however_frequent_another_is():
    pairs = [pair(row, ("often", "fail")) for row in range(1000)]
    pairs += [pair(2000 + row, ("seldom", "warn")) for row in range(3)] + [pair(3000), pair(3001)]
    rows = chosen(pairs, 20)
    assert len(rows) == 20
    assert {2000, 2001, 2002} <= rows
    assert len(rows & {3000, 3001}) == 1
    assert len({row for row in rows if row < 1000}) == 16


def test_the_gravest_pairs_of_a_rule_come_first_and_the_choice_is_spread_over_the_file():
    rows = chosen([pair(row, ("a", "fail" if row % 100 == 7 else "warn")) for row in range(1000)], 10)
    assert {row % 100 for row in rows} == {7}
    spread = chosen([pair(row, ("a", "warn")) for row in range(1000)], 10)
    assert max(spread) > 500


def test_all_pairs_are_chosen_when_there_is_room_and_none_when_there_is_none():
    pairs = [pair(1, ("a", "fail"), ("b", "warn")), pair(2, ("b", "info")), *map(pair, range(3, 50))]
    assert chosen(pairs, 100) == frozenset(range(1, 50))
    assert chosen(pairs, 0) == frozenset()


def test_candidates_are_bounded():
    showcase = Showcase(5)
    for row in range(1000):
        showcase.offer(pair(row, ("a", "fail")))
    assert sum(map(len, showcase._groups.values())) == 5
