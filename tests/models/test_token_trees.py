from array import array

import pytest

from qantara.models.encoded_questions import Encoded
from qantara.models.token_trees import STEM_END, token_tree

STEM = array("i", [1, 2, 3])


@pytest.mark.parametrize(
    ("tails", "num_given", "tokens", "ways"),
    [
        ((((7,), (8,)),), (0,), [], [[]]),  # letters: nothing but the stem runs
        ((((7, 8), (7, 9)),), (1,), [7], [[7]]),
        ((((7, 8, 9), (7, 5, 6)),), (0,), [7, 8, 5], [[7, 8], [7, 5]]),
        ((((7,), (7, 8)),), (0,), [7], [[7]]),  # one answer begins the other
        ((((7, 8), (7, 8)),), (1,), [7], [[7]]),  # equal answers
        (
            (((7,), (6,)), ((7, 4, 4), (6, 5, 4))),
            (0, 0),
            [7, 4, 6, 5],
            [[7, 4], [6, 5]],
        ),  # texts go on from the letters
    ],
)
def test_each_token_stands_in_the_tree_once(tails, num_given, tokens, ways):
    tree = token_tree(Encoded(STEM, tails, num_given))
    assert tree.tokens == tokens
    assert [[tree.tokens[node] for node in tree.way_to(leaf)] for leaf in tree.leaves()] == ways
    assert [len(tree.way_to(node)) for node in range(len(tokens))] == tree.depths
    assert tree.num_tokens == 3 + len(tokens)


def test_the_targets_of_an_answer_spell_what_is_scored_of_it():
    tails = (((7,), (6,)), ((7, 4, 5), (7, 4, 4), (7, 4, 5)))
    tree = token_tree(Encoded(STEM, tails, (0, 2)))
    spelled = [[[tree.targets[number][1] for number in answer] for answer in answers] for answers in tree.answers]
    assert spelled == [[[7], [6]], [[5], [4], [5]]]
    assert [tree.targets[number][0] for number in tree.answers[0][0] + tree.answers[0][1]] == [STEM_END, STEM_END]
    assert tree.answers[1][0] == tree.answers[1][2]
    assert len(tree.targets) == 4


def test_tokens_beside_a_way_can_be_changed():
    tree = token_tree(Encoded(STEM, (((7, 8, 9), (7, 5, 6)),), (0,)))
    changed = tree.with_others_changed(tree.leaves()[-1])
    assert (tree.tokens, changed.tokens) == ([7, 8, 5], [7, 1, 5])
    assert changed._replace(tokens=tree.tokens) == tree
