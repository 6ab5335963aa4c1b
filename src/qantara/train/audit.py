"""Proof that adapters train: every one has a gradient at the first step, a gradient that isn't 0 soon after, and then has moved.

Several published stacks left half of their expert adapters at their initial values without a word; here that stops the run. Moving
alone is no proof, since weight decay moves a tensor that learns nothing. Experts that no token went to are `routing`'s subject.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import nn

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import Group, group_of
from qantara.train.processes import Processes, local

Counts = dict[Group, dict[str, int]]
_NAMES_SHOWN = 3
_ADAPTER_MARKS = ("lora_", "modules_to_save.")  # what PEFT's names of adapter tensors contain


def trainable(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield the tensors that train, by name."""
    return ((name, tensor) for name, tensor in model.named_parameters() if tensor.requires_grad)


def is_adapter_tensor(name: str) -> bool:
    """Tell whether a parameter is one that an adapter adds or replaces, by its name in the model."""
    return any(mark in name for mark in _ADAPTER_MARKS)


def expected_groups(config: AdapterConfig, *, mixture: bool) -> set[Group]:
    """Return the parts of the model that must have adapters."""
    groups: set[Group] = {"attention"} if config.attention else set()
    if config.experts:
        groups.add("experts" if mixture else "mlp")
    if config.router and mixture:
        groups.add("router")
    if config.embeddings:
        groups.add("embeddings")
    return groups


@dataclass
class Audit:
    """`initial` are hashes of the tensors before any step, `pulled` the names of those that had a gradient other than 0.

    `counts` tells how many tensors train and how many have moved, by part of the model, once that is proven.
    """

    expected: set[Group]
    initial: dict[str, bytes]
    pulled: set[str] = field(default_factory=set)
    counts: Counts | None = None

    @classmethod
    def start(cls, model: nn.Module, config: AdapterConfig, *, mixture: bool) -> "Audit":
        """Return the audit of a model before its first step; ModelError if a part that should train has nothing that does."""
        expected = expected_groups(config, mixture=mixture)
        frozen = [
            name
            for name, tensor in model.named_parameters()
            if not tensor.requires_grad and is_adapter_tensor(name) and group_of(name) in expected
        ]
        if frozen:
            raise _failed("adapter tensors are frozen", frozen)
        if missing := expected - {group_of(name) for name, _ in trainable(model)}:
            raise ModelError(
                f"no adapters on {', '.join(sorted(missing))}: the model's layers have names we don't know"
            )
        return cls(expected, {name: _digest(tensor) for name, tensor in trainable(model)})

    def check_gradients(self, model: nn.Module, processes: Processes) -> None:
        """Look at a step's gradients before they are used; ModelError names the tensors that have none at all."""
        without = [name for name, tensor in trainable(model) if tensor.grad is None]
        if without:
            raise _failed("adapter tensors get no gradient", without)
        waiting = [(name, tensor) for name, tensor in trainable(model) if name not in self.pulled]
        found = [tensor.grad is not None and bool(local(tensor.grad).any()) for _, tensor in waiting]
        self.pulled.update(name for (name, _), pulled in zip(waiting, processes.any(found), strict=True) if pulled)

    def conclude(self, model: nn.Module, processes: Processes) -> Counts:
        """Return the proof; ModelError names tensors that have had no gradient but 0, and those that haven't moved."""
        tensors = list(trainable(model))
        if still := [name for name, _ in tensors if name not in self.pulled]:
            raise _failed("adapter tensors had only gradients of 0", still)
        moved = processes.any([_digest(tensor) != self.initial[name] for name, tensor in tensors])
        if still := [name for (name, _), has_moved in zip(tensors, moved, strict=True) if not has_moved]:
            raise _failed("adapter tensors did not move in training", still)
        self.counts = {}
        for name, _ in tensors:
            count = self.counts.setdefault(group_of(name), {"tensors": 0, "moved": 0})
            count["tensors"] += 1
            count["moved"] += 1
        return self.counts


def groups_without_finite_gradients(model: nn.Module, processes: Processes) -> list[Group]:
    """Return the parts of the model with gradients that are not numbers or infinite."""
    tensors = [(name, tensor.grad) for name, tensor in trainable(model) if tensor.grad is not None]
    broken = processes.any([not bool(local(grad).isfinite().all()) for _, grad in tensors])
    return sorted({group_of(name) for (name, _), is_broken in zip(tensors, broken, strict=True) if is_broken})


def _digest(tensor: torch.Tensor) -> bytes:
    data = local(tensor).detach().cpu().contiguous().view(torch.uint8).numpy()
    return hashlib.blake2b(data.data, digest_size=16).digest()


def _failed(what: str, names: list[str]) -> ModelError:
    more = len(names) - _NAMES_SHOWN
    listed = ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return ModelError(f"{len(names)} {what}: {listed}; training would be a waste: report this, it is a fault")
