from types import SimpleNamespace

import pytest
import torch
from torch import nn
from transformers import LlamaConfig

from qantara.models.language_head import LanguageHead

WIDTH, WORDS = 16, 101
ROWS = torch.tensor([0, 0, 3, 2, 4, 4, 1])
TOKENS = torch.tensor([5, 100, 0, 50, 51, 52, 100])


def causal(head, **config):
    settings = LlamaConfig(vocab_size=WORDS, hidden_size=WIDTH, num_attention_heads=2)
    for name, value in config.items():
        setattr(settings, name, value)
    return SimpleNamespace(config=settings, get_output_embeddings=lambda: head)


def linear(bias=False, dtype=torch.float32):
    torch.manual_seed(0)
    return nn.Linear(WIDTH, WORDS, bias=bias, dtype=dtype)


class Doubling(nn.Linear):  # as an adapter on the head would be: no plain linear layer
    def forward(self, hidden):
        return 2 * super().forward(hidden)


HIDDEN = torch.randn(5, WIDTH, generator=torch.Generator().manual_seed(1)) * 5


def expected(logits):
    logs = torch.log_softmax(logits.float(), dim=-1)
    return logs[ROWS, TOKENS], logits.argmax(dim=-1)[ROWS] == TOKENS


@pytest.mark.parametrize("chunk_bytes", [1, 4 * 5 * 7, 1 << 30])
@pytest.mark.parametrize("bias", [False, True])
def test_parts_of_the_vocabulary_give_what_the_whole_gives(chunk_bytes, bias):
    head = linear(bias)
    found = LanguageHead(causal(head), chunk_bytes).scores(HIDDEN, ROWS, TOKENS)
    logs, greedy = expected(head(HIDDEN))
    torch.testing.assert_close(found.log_probabilities, logs)
    assert found.is_greedy.tolist() == greedy.tolist()


def test_the_likeliest_token_is_told_wherever_it_stands():
    head = linear()
    best = head(HIDDEN).argmax(dim=-1)
    for chunk_bytes in (1, 4 * 5 * 7, None):
        found = LanguageHead(causal(head), chunk_bytes).scores(HIDDEN, torch.arange(5), best)
        assert found.is_greedy.all()


def test_half_precision_weights_are_multiplied_in_fp32():
    head = linear(dtype=torch.bfloat16)
    hidden = HIDDEN.bfloat16()
    found = LanguageHead(causal(head)).scores(hidden, ROWS, TOKENS).log_probabilities
    exact = expected(hidden.float() @ head.weight.float().t())[0]
    torch.testing.assert_close(found, exact)
    assert (expected(head(hidden))[0] - exact).abs().max() > 1e-3


@pytest.mark.parametrize("chunk_bytes", [1, 4 * WORDS * 2, 1 << 30])
def test_a_head_that_is_no_plain_layer_is_called_as_it_is(chunk_bytes):
    head = Doubling(WIDTH, WORDS, bias=False)
    found = LanguageHead(causal(head), chunk_bytes).scores(HIDDEN, ROWS, TOKENS)
    logs, greedy = expected(2 * HIDDEN @ head.weight.t())
    torch.testing.assert_close(found.log_probabilities, logs)
    assert found.is_greedy.tolist() == greedy.tolist()


@pytest.mark.parametrize(
    ("config", "change"),
    [
        ({"final_logit_softcapping": 3.0}, lambda logits: 3 * torch.tanh(logits / 3)),
        ({"logit_scale": 0.25}, lambda logits: logits / 4),
        ({"logits_scaling": 8.0}, lambda logits: logits / 8),
        ({"final_logit_softcapping": None, "logit_scale": None}, lambda logits: logits),
    ],
)
@pytest.mark.parametrize("kind", [nn.Linear, Doubling])
def test_known_changes_of_logits_are_made(config, change, kind):
    head = kind(WIDTH, WORDS, bias=False)
    found = LanguageHead(causal(head, **config), 64).scores(HIDDEN, ROWS, TOKENS)
    torch.testing.assert_close(found.log_probabilities, expected(change(head(HIDDEN)))[0])
