"""Losses of target tokens straight from hidden states: the logits of all learnt tokens never lie in memory together.

The language-model head is frozen, so a token's gradient is known as soon as its loss is: (softmax - one) @ weight, but for the
factor that comes in backward. It is made a chunk of tokens at a time and only it is kept: at 1,020 tokens and 49,152 words that
saves 0.6 GB of fp32 logits. A head that trains, or a model that changes its logits, takes the ordinary way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_CHUNK_BYTES = {"cpu": 16 << 20}  # of fp32 logits: what a processor's cache holds
_CHUNK_BYTES_ELSEWHERE = 256 << 20
_CHANGES = (
    "final_logit_softcapping",
    "logits_scaling",
    "logit_scale",
)  # settings of models that don't give logits as they are


def forward_with_losses(model: nn.Module, targets: Tensor, **inputs: Any) -> tuple[Tensor, Any]:  # noqa: ANN401
    """Return the losses of `targets` in nats (fp32) and what the model returned, whose `logits` are not to be used.

    `inputs` must ask for one row of logits a target (`logits_to_keep`).
    """
    head = _frozen_head(model)
    if head is None:
        output = model(**inputs)
        return F.cross_entropy(output.logits[0].float(), targets, reduction="none"), output
    with _losses_for_logits(head, targets):
        output = model(**inputs)
    return output.logits[0], output


def token_losses(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Return the cross-entropies (tokens,) in fp32 of hidden states (tokens, width) under a head (words, width) that is frozen."""
    losses: Tensor = _TokenLosses.apply(hidden, weight, targets)  # type: ignore[no-untyped-call]
    return losses


class _TokenLosses(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:  # noqa: ANN401
        with_gradient = ctx.needs_input_grad[0]
        losses, gradients = [], []
        for part, wanted in zip(*(torch.split(values, _chunk(weight)) for values in (hidden, targets)), strict=True):
            logits = torch.mm(part, weight.t()).float()
            normalizer = logits.logsumexp(dim=1, keepdim=True)
            losses.append((normalizer - logits.gather(1, wanted[:, None]))[:, 0])
            if with_gradient:
                probabilities = logits.sub_(normalizer).exp_()
                probabilities[torch.arange(len(wanted), device=wanted.device), wanted] -= 1
                gradients.append(torch.mm(probabilities.to(weight.dtype), weight))
        if with_gradient:
            ctx.save_for_backward(torch.cat(gradients))
        return torch.cat(losses)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        (of_hidden,) = ctx.saved_tensors
        return (of_hidden * gradient[:, None]).to(of_hidden.dtype), None, None


def _chunk(weight: Tensor) -> int:
    most_bytes = _CHUNK_BYTES.get(weight.device.type, _CHUNK_BYTES_ELSEWHERE)
    return max(1, most_bytes // (4 * weight.shape[0]))


def _frozen_head(model: nn.Module) -> nn.Linear | None:
    """Return the head if its logits go out as they are and it doesn't train; looked up by the name that all our layouts give it."""
    heads = [module for name, module in model.named_modules() if name.rpartition(".")[2] == "lm_head"]
    if len(heads) != 1 or type(heads[0]) is not nn.Linear or heads[0].weight.requires_grad:
        return None
    configs = (vars(module)["config"] for module in model.modules() if "config" in vars(module))
    if any(getattr(config, name, None) for config in configs for name in _CHANGES):
        return None
    return heads[0]


@contextmanager
def _losses_for_logits(head: nn.Linear, targets: Tensor) -> Iterator[None]:
    # Within the head's own call, so that a sharded weight is whole when it is used.
    vars(head)["forward"] = lambda hidden: token_losses(hidden[0], head.weight, targets)[None]
    try:
        yield
    finally:
        del vars(head)["forward"]
