"""Which experts a model uses: counts taken at the routers while it runs, for one group of tokens (a language) or several at once.

What counts is said position by position (`ExpertUse.observe`) or by the 2-D `attention_mask` that the model is called with (by
keyword); without either every row counts. Only the model's own forward counts: layers that gradient checkpointing runs again in
backward don't. Nothing waits for the accelerator until the counts are read. Not covered: which expert a single token went to.
"""

import contextlib
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from qantara.errors import ModelError
from qantara.models.layouts import routers_of

IGNORED = -1  # the group of positions that don't count
DEAD_SHARE = 0.01  # of an even share; below it an expert is dead
MIN_CHOICES = 100  # choices an expert on average; with fewer, an expert's absence may be chance
_LAYER_NUMBER = re.compile(r"\blayers\.(\d+)\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerUse:
    """One layer's experts: `share` of routed tokens and mean router `probability` by expert, each of sum 1, and their spread.

    `entropy` is that of `share`, divided by the logarithm of the number of experts: 1 when all are used alike, 0 when one is.
    `num_choices` is tokens times experts a token: what `share` is a share of. A layer that saw no token has shares of 0.
    """

    layer: int
    num_choices: int
    share: tuple[float, ...]
    probability: tuple[float, ...]
    entropy: float


class ExpertUse:
    """Counts while `count_expert_use` is open; `layers` reads them at any time.

    `sums` (layers, groups, 2 x experts; choices, then router probabilities) and `tokens` (groups) are whole counts in fp64, so that
    they can be added over processes and carried over a resume: assign the sum.
    """

    def __init__(self, routers: Sequence[tuple[str, Any]], groups: Sequence[str]) -> None:
        first = routers[0][1]
        self.num_experts, self.top_k = int(first.num_experts), int(first.top_k)
        self.groups = tuple(groups)
        device, size = first.weight.device, (len(routers), len(groups), 2 * self.num_experts)
        self.sums = torch.zeros(size, dtype=torch.float64, device=device)
        self.tokens = torch.zeros(len(groups), dtype=torch.float64, device=device)
        self._numbers = [_layer_number(name, place) for place, (name, _) in enumerate(routers)]
        self._given: Tensor | None = None
        self._attention_mask: Tensor | None = None
        self._members: Tensor | None = None
        self._running = False

    @property
    def num_tokens(self) -> int:
        """Tokens counted so far, of all groups."""
        return int(self.tokens.sum())

    def groups_seen(self) -> list[str]:
        """Return the groups of which a token was counted."""
        return [name for name, count in zip(self.groups, self.tokens.tolist(), strict=True) if count]

    def layers(self, group: str | None = None) -> list[LayerUse]:
        """Return the use of every layer's experts so far, by one group of tokens or by all; ModelError if none passed."""
        places = range(len(self.groups)) if group is None else [self.groups.index(group)]
        sums = self.sums[:, list(places)].sum(dim=1).cpu()
        if not sums.any():
            of = "" if group is None else f" of {group}"
            raise ModelError(f"no token{of} passed the routers: run the model inside count_expert_use")
        return [_layer_use(number, of_layer) for number, of_layer in zip(self._numbers, sums, strict=True)]

    def observe(self, groups: Tensor) -> None:
        """Say which group each position (batch, length) of the next forward belongs to, or IGNORED; bool: the first or none."""
        self._given = torch.where(groups, 0, IGNORED) if groups.dtype == torch.bool else groups

    def _open(self, arguments: dict[str, Any]) -> None:
        mask = arguments.get("attention_mask")
        self._attention_mask = mask.bool() if isinstance(mask, Tensor) and mask.dim() == 2 else None
        self._running, self._members = True, None

    def _close(self) -> None:
        self._running, self._members, self._given, self._attention_mask = False, None, None, None

    @torch.no_grad()
    def _count(self, place: int, logits: Tensor, chosen: Tensor) -> None:
        if not self._running:
            return
        if self._members is None:
            self._members = self._membership(logits)
            self.tokens += self._members.sum(dim=1)
        hits = torch.zeros_like(logits, dtype=torch.float32).scatter_(1, chosen, 1.0)
        probability = logits.float().softmax(dim=-1)
        self.sums[place] += self._members.to(hits.device) @ torch.cat([hits, probability], dim=1)

    def _membership(self, logits: Tensor) -> Tensor:
        """Return (groups, rows): 1 where a row counts for a group, so that one product sums a layer's rows by group."""
        given = self._given
        if given is None and self._attention_mask is not None:
            given = torch.where(self._attention_mask, 0, IGNORED)
        if given is None:
            given = torch.zeros(1, logits.shape[0], dtype=torch.long)
        length = logits.shape[0] // given.shape[0]  # with a cache the mask is longer than what runs: its end counts
        of_rows = given[:, -length:].reshape(1, -1).to(logits.device)
        return (of_rows == torch.arange(len(self.groups), device=logits.device)[:, None]).float()


@contextlib.contextmanager
def count_expert_use(model: nn.Module, groups: Sequence[str] = ("all",)) -> Iterator[ExpertUse]:
    """Within this, forwards of `model` are counted by the ExpertUse that is given; ModelError for a model without routers."""
    routers = list(routers_of(model))
    if not routers:
        raise ModelError("the model has no routers: expert use can be counted on Mixture-of-Experts models only")
    use = ExpertUse(routers, groups)
    backbone = _backbone(model)
    handles = [
        backbone.register_forward_pre_hook(lambda _, __, given: use._open(given), with_kwargs=True),
        backbone.register_forward_hook(lambda *_: use._close(), always_call=True),
    ]
    for place, (_, router) in enumerate(routers):
        handles.append(router.register_forward_hook(lambda _, __, out, place=place: use._count(place, out[0], out[2])))
    try:
        yield use
    finally:
        for handle in handles:
            handle.remove()


def specialization(first: Sequence[LayerUse], second: Sequence[LayerUse]) -> list[float]:
    """Return for each layer how differently two groups use its experts: the Jensen-Shannon divergence of their shares, in bits.

    0 when they use all alike, 1 when they share no expert (Lin 1991, doi:10.1109/18.61115). Of few tokens it is too large: equal
    groups of m choices each have about (experts - 1) / (4 m ln 2).
    """
    return [_divergence(one.share, other.share) for one, other in zip(first, second, strict=True)]


def dead_experts(layers: Sequence[LayerUse]) -> list[tuple[int, int]]:
    """Return (layer, expert) of those with less than DEAD_SHARE of an even load, in layers with enough choices to tell."""
    return [
        (use.layer, expert)
        for use in layers
        if use.num_choices >= MIN_CHOICES * len(use.share)
        for expert, share in enumerate(use.share)
        if share < DEAD_SHARE / len(use.share)
    ]


def _backbone(model: Any) -> nn.Module:  # noqa: ANN401 - a causal model of transformers, with or without PEFT around it
    """Return what every way of running the model goes through: PEFT and likelihoods pass by the outer modules' hooks."""
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    backbone: nn.Module = causal.base_model
    return backbone


def _layer_number(name: str, place: int) -> int:
    match = _LAYER_NUMBER.search(name)
    return int(match[1]) if match else place


def _layer_use(layer: int, sums: Tensor) -> LayerUse:
    chosen, probability = sums.chunk(2)
    share = (chosen / chosen.sum().clamp(min=1)).tolist()
    entropy = -sum(value * math.log(value) for value in share if value > 0) / math.log(max(2, len(share)))
    return LayerUse(
        layer=layer,
        num_choices=int(chosen.sum()),
        share=tuple(share),
        probability=tuple((probability / probability.sum().clamp(min=1e-30)).tolist()),
        entropy=max(0.0, entropy),
    )


def _divergence(first: Sequence[float], second: Sequence[float]) -> float:
    total = 0.0
    for a, b in zip(first, second, strict=True):
        middle = (a + b) / 2
        total += sum(0.5 * value * math.log2(value / middle) for value in (a, b) if value > 0)
    return min(1.0, max(0.0, total))
