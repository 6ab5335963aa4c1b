import numpy as np

from qantara.fidelity.whole_set.relations import Relation
from qantara.fidelity.whole_set.second_reading import SecondReading

RELATION = Relation(rule="set.near_duplicate", severity="warn", message="", num_sharing=2, partner=0)


def test_only_pairs_with_findings_are_quoted_and_shortly(text_pair, choice_pair):
    pairs = [text_pair(1, "a", "ب" * 200), text_pair(2, "a", "ت"), choice_pair(3, ["q", "a"], ["سؤال", "س"])]
    reading = SecondReading(np.array([1, 2, 3]), {0: [RELATION], 2: [RELATION]}, [])
    for pair in pairs:
        reading.read(pair)
    assert reading.quotes == {1: ("text", "ب" * 80), 3: ("question", "سؤال")}


def test_without_suspects_there_are_no_leaks(text_pair):
    reading = SecondReading(np.array([1]), {}, [])
    reading.read(text_pair(1, "a", "ب"))
    assert reading.leaks() == []
