from qantara.audit.checking import CheckSettings
from qantara.audit.own_faults import MOST_FAULTS_A_KIND, MOST_PAIRS, own_faults
from qantara.audit.pairs import Pair, Shape

SHAPE = Shape(source_language="en", target_language="ar")


def pairs(count):
    for number in range(1, count + 1):
        source, target = f"Give {number + 2} mg every 8 hours.", f"أعط {number + 2} ملغ كل 8 ساعات."
        yield Pair(number=number, id=str(number), source=source, target=target)


def test_faults_made_in_the_users_own_pairs_are_counted_by_kind():
    recalls = {recall.kind: recall for recall in own_faults(CheckSettings(SHAPE))(pairs(40))}
    assert (recalls["value_x10"].made, recalls["value_x10"].failed, recalls["value_x10"].found) == (40, 40, 40)
    assert recalls["unit_swapped"].failed == recalls["unit_swapped"].made > 0
    assert recalls["option_swapped"].made == 0


def test_a_large_set_is_sampled_and_the_sample_is_always_the_same():
    test = own_faults(CheckSettings(SHAPE))
    first = test(pairs(MOST_PAIRS + 500))
    assert max(recall.made for recall in first) == MOST_FAULTS_A_KIND
    assert test(pairs(MOST_PAIRS + 500)) == first


def test_no_pair_that_passed_gives_no_figures():
    assert own_faults(CheckSettings(SHAPE))(()) == []
