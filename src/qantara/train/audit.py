"""Proof that adapters train: after the first step every one has a gradient, at the end every one has moved.

Several published stacks left half of their expert adapters at their initial values without a word; here that is an error.
"""

import hashlib
from collections.abc import Iterator, Mapping

import torch
from torch import nn

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import Group, group_of

_NAMES_SHOWN = 3


def trainable(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield the tensors that train, by name."""
    return ((name, tensor) for name, tensor in model.named_parameters() if tensor.requires_grad)


def expected_groups(config: AdapterConfig, *, mixture: bool) -> set[Group]:
    """Return the parts of the model that must have adapters."""
    groups: set[Group] = {"attention"} if config.attention else set()
    if config.experts:
        groups.add("experts" if mixture else "mlp")
    if config.router and mixture:
        groups.add("router")
    return groups


def check_gradients(model: nn.Module, groups: set[Group]) -> None:
    """Raise ModelError if a tensor that trains has no gradient, or if one of `groups` has no tensor that trains."""
    without = [name for name, tensor in trainable(model) if tensor.grad is None]
    if without:
        raise ModelError(
            f"{len(without)} adapter tensors get no gradient: {_listed(without)}; report this, it is a fault"
        )
    missing = groups - {group_of(name) for name, _ in trainable(model)}
    if missing:
        raise ModelError(f"no adapters on {', '.join(sorted(missing))}: the model's layers have names we don't know")


def digests(model: nn.Module) -> dict[str, bytes]:
    """Return a hash of the bytes of every tensor that trains, by name."""
    return {name: _digest(tensor) for name, tensor in trainable(model)}


def check_moved(model: nn.Module, initial: Mapping[str, bytes]) -> dict[Group, dict[str, int]]:
    """Return how many tensors train and how many have moved since `initial`, by part; ModelError names those that haven't."""
    counts: dict[Group, dict[str, int]] = {}
    still = []
    for name, tensor in trainable(model):
        moved = _digest(tensor) != initial[name]
        count = counts.setdefault(group_of(name), {"tensors": 0, "moved": 0})
        count["tensors"] += 1
        count["moved"] += moved
        if not moved:
            still.append(name)
    if still:
        raise ModelError(f"{len(still)} adapter tensors did not move in training: {_listed(still)}; report this")
    return counts


def _digest(tensor: torch.Tensor) -> bytes:
    data = tensor.detach().cpu().contiguous().view(torch.uint8).numpy()
    return hashlib.blake2b(data.data, digest_size=16).digest()


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
