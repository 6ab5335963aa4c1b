"""What a training run was, in numbers for the report: sizes, speed, memory, mix, routing, and the proof that adapters moved."""

import resource
import sys

import torch
from bitsandbytes.nn.modules import Params4bit
from torch import nn

from qantara.models.adapters import group_of, trainable_groups
from qantara.models.nf4_experts import expert_bytes
from qantara.train.processes import held_bytes
from qantara.train.ratio import ratio_rows
from qantara.train.state import TrainingState


def summarize(state: TrainingState) -> dict[str, object]:
    """Return the summary as JSON-ready values; speed counts training steps since this start only, not validation."""
    data, ratio = state.data, ratio_rows(state.data)
    actual, in_bf16 = expert_bytes(state.model)
    groups = trainable_groups(state.model)
    return {
        "steps": data.num_steps,
        "tokens": int(data.order.num_tokens.sum(dtype="int64")),
        "tokens_by_language": ratio[-1]["tokens"],
        "learnt_tokens_by_language": ratio[-1]["learnt_tokens"],
        "ratio": ratio,
        "num_too_long": data.num_too_long,
        "num_nothing_learnt": data.num_nothing_learnt,
        "validation_pieces": sum(len(pieces) for pieces in data.validation),
        "seed": state.seed,
        "optimizer": state.config.optimizer,
        "processes": {"number": state.processes.number, "kind": state.processes.kind},
        "tokens_per_second": state.trained_tokens / state.trained_seconds if state.trained_seconds else None,
        "peak_resident_bytes": peak_resident_bytes(),
        "peak_device_bytes": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None,
        "model_bytes_a_process": held_bytes(state.model),
        "compute_dtype": str(state.model.dtype).removeprefix("torch."),
        "expert_bytes": actual,
        "expert_bytes_in_bf16": in_bf16,
        "parameters": _num_parameters(state.model),
        "trainable_parameters": sum(groups.values()),
        "trainable_parameters_by_group": dict(sorted(groups.items())),
        "audit": {group: dict(counts) for group, counts in sorted((state.audit.counts or {}).items())},
        "routing": {"rows": state.routing.rows, "layers": state.routing.layers},
    }


def _num_parameters(model: nn.Module) -> int:
    # Packed tensors hold two weights a byte; those of experts are counted by what they would take in bf16.
    count = expert_bytes(model)[1] // 2
    for name, tensor in model.named_parameters():
        if isinstance(tensor, Params4bit):
            count += int(torch.Size(tensor.quant_state.shape).numel())
        elif tensor.requires_grad or group_of(name) != "experts":
            count += tensor.numel()
    return count


def peak_resident_bytes() -> int:
    """Return the most memory this process ever had resident, other stages included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes on Linux
