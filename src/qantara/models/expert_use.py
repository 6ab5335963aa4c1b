"""Which experts a model uses: counts taken at the routers while it runs, for instance once for each language.

Padding does not count: the 2-D `attention_mask` that the model is called with says what is padding (by keyword; without one, and
with a mask of another shape, every row counts, as packed rows should).
"""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers.models.mixtral.modeling_mixtral import MixtralTopKRouter

from qantara.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerUse:
    """One layer's experts: `share` of routed tokens and mean router `probability` by expert, each of sum 1, and their spread.

    `entropy` is that of `share`, divided by the logarithm of the number of experts: 1 when all are used alike, 0 when one is.
    """

    layer: int
    share: tuple[float, ...]
    probability: tuple[float, ...]
    entropy: float


class ExpertUse:
    """Counts while `count_expert_use` is open; `layers` reads them at any time."""

    def __init__(self, num_layers: int) -> None:
        self._chosen: list[Tensor | None] = [None] * num_layers
        self._probability: list[Tensor | None] = [None] * num_layers
        self._mask: Tensor | None = None
        self.num_tokens = 0

    def layers(self) -> list[LayerUse]:
        """Return the use of every layer's experts so far; ModelError if nothing ran."""
        if not self.num_tokens:
            raise ModelError("no token passed the routers: run the model inside count_expert_use")
        return [
            _layer_use(i, chosen, probability)
            for i, (chosen, probability) in enumerate(zip(self._chosen, self._probability, strict=True))
            if chosen is not None and probability is not None
        ]

    def observe(self, real: Tensor) -> None:
        """Say which positions (batch, length) of the next forward are not padding, where its mask can't tell."""
        self._mask = real

    def _attend(self, arguments: dict[str, Any]) -> None:
        mask = arguments.get("attention_mask")
        self._mask = mask if isinstance(mask, Tensor) and mask.dim() == 2 else None

    def _count(self, layer: int, logits: Tensor, chosen: Tensor) -> None:
        kept = self._kept(logits)
        probability = logits.detach().float().softmax(dim=-1)[kept].sum(dim=0).double()
        counts = torch.bincount(chosen.detach()[kept].reshape(-1), minlength=logits.shape[1]).double()
        before = self._chosen[layer], self._probability[layer]
        self._chosen[layer] = counts if before[0] is None else before[0] + counts
        self._probability[layer] = probability if before[1] is None else before[1] + probability
        if layer == 0:
            self.num_tokens += int(kept.sum())

    def _kept(self, logits: Tensor) -> Tensor:
        if self._mask is None:
            return torch.ones(logits.shape[0], dtype=torch.bool, device=logits.device)
        length = (
            logits.shape[0] // self._mask.shape[0]
        )  # with a cache the mask is longer than what runs: its end counts
        return self._mask[:, -length:].reshape(-1).bool().to(logits.device)


@contextlib.contextmanager
def count_expert_use(model: nn.Module) -> Iterator[ExpertUse]:
    """Within this, calls of `model` are counted by the ExpertUse that is given; ModelError for a model without routers."""
    routers = [module for module in model.modules() if isinstance(module, MixtralTopKRouter)]
    if not routers:
        raise ModelError("the model has no routers: expert use can be counted on Mixtral-layout models only")
    use = ExpertUse(len(routers))
    handles = [
        model.register_forward_pre_hook(lambda _, __, given: use._attend(given), with_kwargs=True),
        model.register_forward_hook(lambda *_: use._attend({})),
    ]
    for i, router in enumerate(routers):
        handles.append(router.register_forward_hook(lambda _, __, out, layer=i: use._count(layer, out[0], out[2])))
    try:
        yield use
    finally:
        for handle in handles:
            handle.remove()


def _layer_use(layer: int, chosen: Tensor, probability: Tensor) -> LayerUse:
    share = (chosen / chosen.sum()).tolist()
    entropy = -sum(value * math.log(value) for value in share if value > 0) / math.log(len(share))
    return LayerUse(
        layer=layer,
        share=tuple(share),
        probability=tuple((probability / probability.sum()).tolist()),
        entropy=max(0.0, entropy),
    )
