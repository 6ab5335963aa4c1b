"""Whether a merged model is the adapted one: the same tokens through both, logits and every module with weights compared in fp32.

Modules are compared on the inputs that they had in the adapted model, so that neither rounding that adds up over layers nor a token
that goes to another expert for it hides a wrong weight. Each model is needed once, one after the other.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils.other import ModulesToSaveWrapper
from torch import Tensor, nn
from transformers import PreTrainedModel

from qantara.errors import ModelError
from qantara.models.adapters import adapters_disabled

NUM_TOKENS = 64
# A weight rounded to bf16 (8 significant bits) is off by 2^-8 of itself at most and 0.0016 of it typically, and so are the sums
# that a linear layer makes; fused experts chain three such layers (0.003 measured). Four times 2^-8 also holds where terms of a
# sum cancel. A missing or misplaced factor is off by its whole effect. In fp32 only the order of additions differs (1e-6 measured).
MODULE_TOLERANCE = {torch.bfloat16: 2.0**-6, torch.float32: 1e-4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How far a merged model is from the adapted one on the same tokens.

    `max_difference` and `mean_difference` are of logits, `adapter_effect` is the mean difference that the adapter makes. A module's
    error is the norm of the difference of its outputs in norms of the output; `tolerance` is the largest that may be.
    """

    max_difference: float
    mean_difference: float
    adapter_effect: float
    worst_module: str
    worst_module_error: float
    tolerance: float
    num_modules: int


@dataclass(frozen=True, slots=True)
class Recording:
    """What an adapted model did: its logits, those without adapter, and inputs and outputs of its modules by name."""

    logits: Tensor
    without: Tensor
    calls: dict[str, tuple[tuple[Tensor, ...], Tensor]]


def fixed_tokens(vocab_size: int) -> Tensor:
    """Return the tokens (1, NUM_TOKENS) that both models see: spread over the vocabulary, always the same."""
    return (torch.arange(NUM_TOKENS) * 7919 % vocab_size)[None]


@torch.inference_mode()
def record(model: PeftModel) -> Recording:
    """Return what an adapted model in fp32 does with the fixed tokens."""
    calls: dict[str, tuple[tuple[Tensor, ...], Tensor]] = {}
    parts = _parts_with_weights(model.get_base_model())
    handles = [module.register_forward_hook(_recorder(calls, name)) for name, module in parts]
    tokens = fixed_tokens(model.config.vocab_size).to(model.device)
    logits = model(input_ids=tokens).logits
    for handle in handles:
        handle.remove()
    with adapters_disabled(model):
        return Recording(logits, model(input_ids=tokens).logits, calls)


@torch.inference_mode()
def compare(recording: Recording, merged: PreTrainedModel, dtype: torch.dtype) -> Comparison:
    """Return how far a merged model, loaded in fp32, is from a recording; ModelError if rounding to `dtype` can't explain it."""
    tokens = fixed_tokens(merged.config.vocab_size).to(merged.device)
    difference = (merged(input_ids=tokens).logits - recording.logits).abs()
    errors = {name: _error(merged.get_submodule(name), *call) for name, call in recording.calls.items()}
    worst = max(errors, key=lambda name: (math.isnan(errors[name]), errors[name]))
    comparison = Comparison(
        max_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        adapter_effect=float((recording.logits - recording.without).abs().mean()),
        worst_module=worst,
        worst_module_error=errors[worst],
        tolerance=MODULE_TOLERANCE[dtype],
        num_modules=len(errors),
    )
    if not comparison.worst_module_error <= comparison.tolerance:  # also for a NaN
        raise ModelError(
            f"the merged model is not the adapted one: {worst} is off by {errors[worst]:.2g} of its output, rounding explains "
            f"{comparison.tolerance:.2g}; nothing was written. This is a fault of qantara or of an unknown layout: please report it"
        )
    return comparison


def _parts_with_weights(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the modules that hold weights themselves, an adapted one with its adapter as one, with their names."""
    last = ""
    for name, module in model.named_modules():
        adapted = isinstance(module, (BaseTunerLayer, ModulesToSaveWrapper))
        if (adapted or any(True for _ in module.parameters(recurse=False))) and not (
            last and name.startswith(f"{last}.")
        ):
            last = name
            yield name, module


def _recorder(calls: dict[str, tuple[tuple[Tensor, ...], Tensor]], name: str) -> Any:  # noqa: ANN401 - a hook of torch
    return lambda _, inputs, output: calls.__setitem__(name, (inputs, _first(output)))


def _error(module: nn.Module, inputs: tuple[Tensor, ...], wanted: Tensor) -> float:
    found = _first(module(*inputs))
    return float(
        (found.float() - wanted.float()).norm() / wanted.float().norm().clamp_min(torch.finfo(torch.float32).tiny)
    )


def _first(output: Any) -> Tensor:  # noqa: ANN401 - a router returns its logits first, and what follows from them
    first: Tensor = output[0] if isinstance(output, tuple) else output
    return first
