"""Attention over samples packed into one row: causal within each, blind between them, without a mask.

transformers tells packed samples apart with a mask over the whole row, and its kernels then compute all of that square: 17 % of
a training step at 1024 tokens of short samples. Here each sample is its own small causal attention. Covers training and scoring of
packed rows (batch 1, no cache), sliding windows included; not generation.
"""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

IMPLEMENTATION = "qantara_packed"


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **settings: Any,  # noqa: ANN401 - the library's own signature
) -> tuple[Tensor, None]:
    """Return the attention output (1, tokens, heads, width); `settings` must hold the `sample_lengths` of the row.

    Registered with transformers, whose attention interface this is: query is (1, heads, tokens, width).
    """
    lengths: tuple[int, ...] = settings.pop("sample_lengths")
    window: int | None = settings.get("sliding_window")
    outputs = []
    for q, k, v in zip(*(torch.split(states, list(lengths), dim=2) for states in (query, key, value)), strict=True):
        mask = _band(q.shape[2], window, q.device) if window and q.shape[2] > window else attention_mask
        outputs.append(sdpa_attention_forward(module, q, k, v, mask, **settings)[0])
    return torch.cat(outputs, dim=1), None


def _band(length: int, window: int, device: torch.device) -> Tensor:
    """Return which positions see which: themselves and the `window - 1` before them."""
    distance = torch.arange(length, device=device)[:, None] - torch.arange(length, device=device)[None, :]
    return ((distance >= 0) & (distance < window))[None, None]


AttentionInterface.register(IMPLEMENTATION, packed_attention)
