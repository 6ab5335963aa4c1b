"""Hidden states -> log-probabilities of the tokens that are asked for. The head runs on needed rows only, in fp32.

A plain linear head is multiplied a part of the vocabulary at a time: neither the logits of all words nor an fp32 copy of a half
precision head lie in memory. Any other head (adapted, quantized) is called as it is, and what it gives is cast. Changes of logits
that models are known to make are made here; the scorer's check finds the ones that aren't known.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

_CHUNK_BYTES = {"cpu": 16 << 20}  # of fp32 logits: what a processor's cache holds
_CHUNK_BYTES_ELSEWHERE = 256 << 20


class TokenScores(NamedTuple):
    """For each token that is asked for its natural log-probability (fp32) and whether no other token is likelier."""

    log_probabilities: Tensor
    is_greedy: Tensor


class LanguageHead:
    """The head of a causal model."""

    def __init__(self, causal: Any, chunk_bytes: int | None = None) -> None:  # noqa: ANN401 - a causal model, PEFT unwrapped
        self.module = causal.get_output_embeddings()
        config = causal.config.get_text_config()
        self.softcap = _number(config, "final_logit_softcapping")
        self.scale = (_number(config, "logit_scale") or 1.0) / (_number(config, "logits_scaling") or 1.0)
        plain = type(self.module) is nn.Linear and self.module.weight.dtype.is_floating_point
        self.is_plain = plain and not self.module._forward_hooks and not self.module._forward_pre_hooks
        self._chunk_bytes = chunk_bytes

    @torch.no_grad()
    def scores(self, hidden: Tensor, rows: Tensor, tokens: Tensor) -> TokenScores:
        """Return the scores of `tokens` (n) after the hidden states (rows, width) whose numbers `rows` (n) says."""
        return self._by_vocabulary(hidden, rows, tokens) if self.is_plain else self._by_rows(hidden, rows, tokens)

    def _by_vocabulary(self, hidden: Tensor, rows: Tensor, tokens: Tensor) -> TokenScores:
        weight, bias, hidden = self.module.weight, self.module.bias, hidden.float()
        normalizer = torch.full(hidden.shape[:1], -torch.inf, device=hidden.device)
        best, best_token = normalizer.clone(), torch.zeros_like(normalizer, dtype=torch.long)
        asked = torch.zeros(tokens.shape, device=hidden.device)
        size = self._chunk(hidden.shape[0], hidden.device)
        for start in range(0, weight.shape[0], size):
            logits = nn.functional.linear(hidden, weight[start : start + size].float())
            if bias is not None:
                logits += bias[start : start + size].float()
            logits = self.changed(logits)
            normalizer = torch.logaddexp(normalizer, logits.logsumexp(dim=-1))
            most, place = logits.max(dim=-1)
            better = most > best
            best, best_token = torch.where(better, most, best), torch.where(better, place + start, best_token)
            inside = ((tokens >= start) & (tokens < start + size)).nonzero()[:, 0]
            asked[inside] = logits[rows[inside], tokens[inside] - start]
        return TokenScores(asked - normalizer[rows], best_token[rows] == tokens)

    def _by_rows(self, hidden: Tensor, rows: Tensor, tokens: Tensor) -> TokenScores:
        words = int(getattr(self.module, "out_features", 0)) or self.module.weight.shape[0]
        size = self._chunk(words, hidden.device)
        asked, greedy = torch.zeros(tokens.shape, device=hidden.device), torch.zeros_like(tokens, dtype=torch.bool)
        for start in range(0, hidden.shape[0], size):
            logits = self.changed(self.module(hidden[start : start + size]).float())
            inside = ((rows >= start) & (rows < start + size)).nonzero()[:, 0]
            found = token_scores(logits, rows[inside] - start, tokens[inside])
            asked[inside], greedy[inside] = found.log_probabilities, found.is_greedy
        return TokenScores(asked, greedy)

    def changed(self, logits: Tensor) -> Tensor:
        """Return logits as the model gives them out."""
        if self.scale != 1.0:
            logits = logits * self.scale
        return torch.tanh(logits / self.softcap) * self.softcap if self.softcap else logits

    def _chunk(self, other: int, device: torch.device) -> int:
        most = self._chunk_bytes or _CHUNK_BYTES.get(device.type, _CHUNK_BYTES_ELSEWHERE)
        return max(1, most // (4 * max(1, other)))


def token_scores(logits: Tensor, rows: Tensor, tokens: Tensor) -> TokenScores:
    """Return the scores of `tokens` (n) under the rows of fp32 `logits` that `rows` (n) says."""
    logs = logits[rows, tokens] - logits.logsumexp(dim=-1)[rows]
    return TokenScores(logs, logits.argmax(dim=-1)[rows] == tokens)


def _number(config: Any, name: str) -> float | None:  # noqa: ANN401 - a config of transformers
    value = getattr(config, name, None)
    return float(value) if isinstance(value, (int, float)) else None
