import random
from array import array

import pytest

from qantara.models.encoded_questions import Encoded
from qantara.models.scoring_plan import plan


def question(*ids):
    return Encoded(array("i", ids), (((1,), (2,)),), (0,))


def few_shot(subjects, count, shots=300):
    """Return questions of several subjects, mixed: 10 tokens of instruction, a subject's shots, a question of its own."""
    rng = random.Random(0)
    made = [
        question(
            *range(10), *(1000 * subject + i for i in range(shots)), *(rng.randrange(9000, 9999) for _ in range(20 + i))
        )
        for subject in range(1, subjects + 1)
        for i in range(count)
    ]
    rng.shuffle(made)
    return made


@pytest.mark.parametrize("batch_size", [1, 4, 64])
@pytest.mark.parametrize(
    "made", [few_shot(5, 12), few_shot(1, 9), few_shot(7, 1), [question(5, 6)] * 3, [question(5)], []]
)
def test_each_question_stands_in_one_batch_and_begins_with_its_prefix(made, batch_size):
    batches = plan(made, batch_size)
    assert sorted(number for batch in batches for number in batch.numbers) == list(range(len(made)))
    assert all(1 <= len(batch.numbers) <= batch_size for batch in batches)
    for batch in batches:
        for number in batch.numbers:
            stem = tuple(made[number].stem)
            assert stem[: len(batch.prefix)] == batch.prefix
            assert len(stem) > len(batch.prefix)
    assert plan(made, batch_size) == batches


def test_every_subject_has_its_few_shot_examples_once_and_the_batches_in_a_row():
    prefixes = [batch.prefix for batch in plan(few_shot(5, 12), 4)]
    assert [len(prefix) for prefix in prefixes] == [310] * 15
    assert len(set(prefixes)) == 5
    assert all(len(set(prefixes[i : i + 3])) == 1 for i in range(0, 15, 3))


def test_a_chance_beginning_makes_no_group():
    made = few_shot(1, 30)
    made += [question(*made[0].stem[:315], 7, 7), question(*made[0].stem[:315], 8, 8)]  # five tokens more in common
    assert {len(batch.prefix) for batch in plan(made, 8)} == {310}


def test_questions_without_examples_stay_together_beside_groups_with():
    made = few_shot(2, 10) + [question(*range(10), 5, i, i) for i in range(6)]
    sizes: dict[tuple[int, ...], int] = {}
    for batch in plan(made, 32):
        sizes[batch.prefix] = sizes.get(batch.prefix, 0) + len(batch.numbers)
    assert sorted((len(prefix), count) for prefix, count in sizes.items()) == [(0, 6), (310, 10), (310, 10)]


def test_the_longest_of_a_group_come_first():
    made = few_shot(1, 10)
    lengths = [len(made[number].stem) for batch in plan(made, 3) for number in batch.numbers]
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == 10


def test_beginnings_that_nest_a_thousand_deep_are_planned():
    made = [question(*range(i)) for i in range(1, 1500)]
    assert sum(len(batch.numbers) for batch in plan(made, 8)) == len(made)


def test_a_long_question_runs_alone_and_little_is_padding():
    rng = random.Random(1)
    made = [
        question(number, *range(1, length))
        for number, length in enumerate([800, *(rng.randrange(40, 120) for _ in range(99))])
    ]
    lengths = [[len(made[number].stem) for number in batch.numbers] for batch in plan(made, 16)]
    assert lengths[0] == [800]
    assert sum(len(batch) * batch[0] for batch in lengths) < 1.15 * sum(map(sum, lengths))
    assert len(lengths) <= 13
