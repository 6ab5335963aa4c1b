from array import array

import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    MambaConfig,
    MistralConfig,
    Qwen2Config,
)

from qantara.models.encoded_questions import Encoded
from qantara.models.language_head import LanguageHead
from qantara.models.packed_scoring import PackedScoring, sliding_window, why_not_packed
from qantara.models.token_trees import token_tree

SIZES = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
PREFIX = tuple(range(3, 20))


def small(kind, attn_implementation="sdpa", **settings):
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        kind, **SIZES, num_key_value_heads=2, initializer_range=0.3, pad_token_id=0, **settings
    )
    return AutoModelForCausalLM.from_config(config, attn_implementation=attn_implementation).eval()


def tree(*stem):
    return token_tree(Encoded(array("i", [*PREFIX, *stem]), (((5, 6, 7), (5, 8, 9), (30, 31, 32, 33)),), (0,)))


def scores(model, prefix, trees, observe=lambda real: None):
    with torch.no_grad():
        found = PackedScoring(model.model, LanguageHead(model)).scores(prefix, trees, observe)
    return found.log_probabilities


@pytest.mark.parametrize("kind", ["llama", "mistral"])
@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("prefix", [(), PREFIX[:5], PREFIX])
def test_padding_a_neighbor_and_a_held_beginning_change_nothing(kind, implementation, prefix):
    model = small(kind, implementation, **({"sliding_window": 6} if kind == "mistral" else {}))
    alone = scores(model, (), [tree(50, 51)])
    both = scores(model, prefix, [tree(*range(40, 60)), tree(50, 51)])
    torch.testing.assert_close(both[-len(alone) :], alone, atol=1e-5, rtol=1e-5)


def test_the_answers_of_a_question_do_not_see_each_other():
    model = small("llama")
    first = scores(model, (), [token_tree(Encoded(array("i", PREFIX), (((5, 6, 7), (8, 9, 10)),), (0,)))])
    other = scores(model, (), [token_tree(Encoded(array("i", PREFIX), (((5, 60, 7), (8, 9, 10)),), (0,)))])
    torch.testing.assert_close(first[3:], other[3:], atol=1e-6, rtol=1e-6)
    assert (first[2] - other[2]).abs() > 1e-3


def test_a_beginning_runs_once_while_it_stays_the_same():
    model, seen = small("llama"), []
    packed = PackedScoring(model.model, LanguageHead(model))
    with torch.no_grad():
        for prefix in (PREFIX, PREFIX, PREFIX[:9], ()):
            packed.scores(prefix, [tree(50, 51)], lambda real: seen.append(real.shape[1]))
    assert seen == [17, 2 + 6, 2 + 6, 9, 10 + 6, 19 + 6]  # a question runs with the six nodes of its tree


@pytest.mark.parametrize(
    ("config", "window"),
    [
        (LlamaConfig(), None),
        (MistralConfig(sliding_window=64), 64),
        (MistralConfig(sliding_window=None), None),
        (Qwen2Config(sliding_window=64, use_sliding_window=False), None),
        (Gemma3TextConfig(sliding_window=512), 512),
        (Gemma3TextConfig(sliding_window=512, num_hidden_layers=1, layer_types=["full_attention"]), None),
    ],
)
def test_a_window_counts_where_a_layer_has_it(config, window):
    assert sliding_window(config) == window


def of_config(config, implementation="sdpa"):
    model = AutoModelForCausalLM.from_config(config)
    model.config._attn_implementation = implementation
    return why_not_packed(model.base_model)


TINY = SIZES | {"num_key_value_heads": 2, "pad_token_id": 0}


@pytest.mark.parametrize(
    ("config", "implementation", "why"),
    [
        (LlamaConfig(**TINY), "sdpa", ""),
        (LlamaConfig(**TINY), "eager", ""),
        (LlamaConfig(**TINY), "flash_attention_2", "its attention (flash_attention_2) takes no mask"),
        (MambaConfig(vocab_size=64, hidden_size=32, num_hidden_layers=1), "sdpa", "it has layers other than attention"),
        (Gemma3TextConfig(**TINY, head_dim=8, use_bidirectional_attention=True), "sdpa", "its attention isn't causal"),
    ],
)
def test_what_cannot_be_packed_is_known_beforehand(config, implementation, why):
    found = of_config(config, implementation)
    assert found.startswith(why)
    assert bool(found) == bool(why)
