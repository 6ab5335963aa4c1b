"""What a training run was, in numbers for the report: sizes, speed, memory, and the proof that adapters moved."""

import resource
import sys
from collections import Counter
from collections.abc import Mapping

import torch
from bitsandbytes.nn.modules import Params4bit
from torch import nn

from qantara.models.adapters import Group, group_of, trainable_groups
from qantara.models.nf4_experts import expert_bytes
from qantara.train.batches import TrainingData, num_tokens
from qantara.train.state import TrainingState


def summarize(state: TrainingState, data: TrainingData, moved: Mapping[Group, Mapping[str, int]]) -> dict[str, object]:
    """Return the summary as JSON-ready values; speed counts training steps of this process only, not validation."""
    trained = [sample for step in data.plan for members in step for sample in members]
    learnt: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    for sample in trained:
        learnt[sample.language] += sum(sample.loss_mask[1:])
        tokens[sample.language] += len(sample.input_ids)
    actual, in_bf16 = expert_bytes(state.model)
    groups = trainable_groups(state.model)
    return {
        "steps": len(data.plan),
        "tokens": num_tokens(trained),
        "tokens_by_language": dict(sorted(tokens.items())),
        "learnt_tokens_by_language": dict(sorted(learnt.items())),
        "num_too_long": data.num_too_long,
        "num_nothing_learnt": data.num_nothing_learnt,
        "tokens_per_second": state.trained_tokens / state.trained_seconds if state.trained_seconds else None,
        "peak_resident_bytes": peak_resident_bytes(),
        "peak_device_bytes": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None,
        "compute_dtype": str(state.model.dtype).removeprefix("torch."),
        "expert_bytes": actual,
        "expert_bytes_in_bf16": in_bf16,
        "parameters": _num_parameters(state.model),
        "trainable_parameters": sum(groups.values()),
        "trainable_parameters_by_group": dict(sorted(groups.items())),
        "audit": {group: dict(counts) for group, counts in sorted(moved.items())},
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
