"""Rows of a local model: who joins or leaves changes nobody's next token, and columns that nobody needs are dropped."""

import pytest
import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, LlamaConfig, LlamaForCausalLM

from qantara.llm.local_rows import Rows

SHAPE = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "vocab_size": 50}
SHAPE |= {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": None, "initializer_range": 0.3}
WINDOW = {"sliding_window": 6, "layer_types": ["sliding_attention", "sliding_attention", "full_attention"]}


@pytest.fixture(scope="module", params=["llama", "gemma with a sliding window"])
def model(request):
    torch.manual_seed(5)
    if request.param == "llama":
        return LlamaForCausalLM(LlamaConfig(**SHAPE, num_key_value_heads=2)).eval()
    return Gemma3ForCausalLM(Gemma3TextConfig(**SHAPE, num_key_value_heads=1, head_dim=8, **WINDOW)).eval()


def alone(model, ids: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids])).logits[0, -1].float()


def check(model, logits: torch.Tensor, texts: list[list[int]]) -> None:
    assert len(logits) == len(texts)
    for row, ids in zip(logits, texts, strict=True):
        torch.testing.assert_close(row, alone(model, ids), atol=2e-4, rtol=1e-4)


def test_rows_that_join_and_leave_change_nobodys_logits(model):
    # prompts shorter and longer than the window and than what is there
    texts = [[5, 6, 7], [8, 9, 10, 11, 12, 13, 14, 15, 16]]
    rows = Rows(model)
    check(model, rows.join(texts), texts)
    steps = [
        ([[20]], []),
        ([[21, 22, 23, 24], [25]], [1]),  # the longest row goes
        ([list(range(3, 22))], [0, 2]),  # a longer one than ever comes
        ([[30, 31]], [3]),
        ([], [0]),
    ]
    for number, (joining, leaving) in enumerate(steps):
        for _ in range(4):
            tokens = [2 + (7 * i + number) % 40 for i in range(len(texts))]
            texts = [[*text, token] for text, token in zip(texts, tokens, strict=True)]
            check(model, rows.step(tokens), texts)
        kept = [i for i in range(len(texts)) if i not in leaving]
        rows.keep(kept)
        texts = [texts[i] for i in kept]
        if joining:
            check(model, rows.join(joining), joining)
            texts += joining
        assert len(rows) == len(texts)


def test_columns_that_only_a_row_that_left_needed_are_dropped(model):
    rows = Rows(model)
    rows.join([list(range(2, 40)), [5, 6]])
    rows.keep([1])
    assert rows._mask.tolist() == [[1, 1]]
    assert {layer.keys.shape[-2] for layer in rows._cache.layers} == {2}
    check(model, rows.step([7]), [[5, 6, 7]])


def test_when_all_rows_have_left_others_begin_anew(model):
    rows = Rows(model)
    rows.join([[3, 4], [5]])
    rows.keep([])
    assert (len(rows), rows.can_be_joined) == (0, True)
    with pytest.raises(RuntimeError, match="no rows"):
        rows.step([])
    check(model, rows.join([[9, 8, 7]]), [[9, 8, 7]])
