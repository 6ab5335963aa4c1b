from array import array

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from qantara.models.encoded_questions import Encoded
from qantara.models.language_head import LanguageHead
from qantara.models.separate_scoring import SeparateScoring, plain_scores
from qantara.models.token_trees import token_tree

STEM = array("i", range(3, 15))
LETTERS = token_tree(Encoded(STEM, (((40,), (41,), (42,)),), (0,)))
TEXTS = token_tree(Encoded(STEM[:5], (((5, 6, 7), (5, 8), (30, 31, 32, 33)), ((5,), (30,))), (0, 0)))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    sizes = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    return LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=4, initializer_range=0.3)).eval()


def scores(model, trees, own_head=True):
    seen = []
    separate = SeparateScoring(model, model.model, LanguageHead(model) if own_head else None)
    with torch.no_grad():
        found = separate.scores((), trees, lambda real: seen.append(real.sum(dim=1).tolist()))
    return found.log_probabilities, seen


def by_hand(model, tree):
    found = []
    for node, token in tree.targets:
        ids = [*tree.encoded.stem, *(tree.tokens[step] for step in tree.way_to(node))]
        with torch.no_grad():
            found.append(torch.log_softmax(model(torch.tensor([ids])).logits[0, -1], -1)[token])
    return torch.stack(found)


@pytest.mark.parametrize("own_head", [True, False])
def test_every_target_has_the_score_of_its_own_text(model, own_head):
    found, _ = scores(model, [LETTERS, TEXTS], own_head)
    expected = torch.cat([by_hand(model, LETTERS), by_hand(model, TEXTS)])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_letters_are_one_row_and_a_text_that_begins_another_is_none(model):
    assert scores(model, [LETTERS])[1] == [[12]]
    # the ways are 5 6 / 5 (within it: asked for "8" and for nothing longer) / 30 31 32, after a stem of 5
    assert scores(model, [TEXTS])[1] == [[8], [7]]


def test_no_more_rows_run_at_a_time_than_questions_were_given(model):
    _, seen = scores(model, [TEXTS, TEXTS, LETTERS])
    assert [len(rows) for rows in seen] == [3, 2]
    lengths = [length for rows in seen for length in rows]
    assert lengths == sorted(lengths, reverse=True)


def test_the_plain_forward_says_what_stands_on_one_way(model):
    with torch.no_grad():
        numbers, found = plain_scores(model, TEXTS, TEXTS.leaves()[-1])
    asked = [TEXTS.targets[number] for number in numbers]
    assert sorted(token for _, token in asked) == [5, 30, 31, 32, 33]
    torch.testing.assert_close(found, by_hand(model, TEXTS)[numbers], atol=1e-5, rtol=1e-5)
