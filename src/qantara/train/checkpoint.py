"""The newest state of a training run in one file, `checkpoint.pt`: tensors that train, optimizer, audit, routing, losses so far.

Learning rate, batches and dropout follow from seed and step, so they are not stored. Tensors are whole however many processes
shared them, so a run may go on with another number. A file of other samples, settings or seed, or one that can't be read, is
passed over: that run starts anew.
"""

import hashlib
import logging
import pickle
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from qantara.errors import StoreError
from qantara.records import LossPoint
from qantara.store import whole_file
from qantara.train.audit import trainable
from qantara.train.batches import TrainingData
from qantara.train.processes import shared_like, whole
from qantara.train.stage import TrainConfig
from qantara.train.state import TrainingState

FILE = "checkpoint.pt"
_NO_MATTER = {"processes", "transient_mebibytes", "gradient_checkpointing", "checkpoint_every_steps"}
_LOG = logging.getLogger(__name__)


def run_key(data: TrainingData, config: TrainConfig, seed: int, start_from: Path | None = None) -> str:
    """Return a hash of all that decides a run's losses; how it is held and shared out does not."""
    settings = config.model_dump_json(exclude=_NO_MATTER)
    digest = hashlib.blake2b(f"{seed}\n{settings}\n{data.samples.digest}\n".encode(), digest_size=16)
    for column in (data.order.samples, data.order.starts, data.order.num_tokens):
        digest.update(column.tobytes())
    for file in sorted(start_from.iterdir()) if start_from is not None else ():
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def save(state: TrainingState, folder: Path, key: str) -> None:
    """Write the state to `folder`, in place of an older one; a full disk rises as StoreError. All processes must come."""
    content = {
        "key": key,
        "step": state.step,
        "tensors": {name: whole(tensor.detach()) for name, tensor in trainable(state.model)},
        "optimizer": _each_tensor(state.optimizer.state_dict(), whole),
        "audit": {"pulled": sorted(state.audit.pulled), "counts": state.audit.counts},
        "routing": state.routing.state(state.processes),
        "points": _columns(state.points),
    }
    if state.processes.is_main:
        with whole_file(folder / FILE) as part:
            torch.save(content, part)
    state.processes.wait()


def resume(state: TrainingState, folder: Path, key: str) -> bool:
    """Bring `state` to where the checkpoint in `folder` was; return False if there is none of this run."""
    content = _read(folder / FILE, key)
    if not state.processes.agree(content["step"] if content else 0):
        raise StoreError(
            f"{folder}: not all processes see the same checkpoint; give a run folder that all of them share"
        )
    if content is None:
        return False
    tensors = dict(trainable(state.model))
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(shared_like(content["tensors"][name].to(tensor.device), tensor))
    _load_optimizer(state.optimizer, content["optimizer"])
    state.step = content["step"]
    state.audit.pulled, state.audit.counts = set(content["audit"]["pulled"]), content["audit"]["counts"]
    state.routing.resume(content["routing"], state.processes)
    state.points = _points(content["points"])
    return True


def _read(path: Path, key: str) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
        _LOG.warning("%s can't be read; training starts anew", path)
        return None
    if content["key"] != key:
        _LOG.warning("%s is of another run (samples, settings or seed differ); training starts anew", path)
        return None
    return content


def _load_optimizer(optimizer: torch.optim.Optimizer, stored: dict[str, Any]) -> None:
    """Load an optimizer's state; its tensors are shared out as the parameters are that they belong to."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for place, values in stored["state"].items():
        like: Tensor = parameters[int(place)]
        stored["state"][place] = _each_tensor(values, partial(shared_like, like=like))
    optimizer.load_state_dict(stored)


def _each_tensor(value: Any, change: Callable[[Tensor], Tensor]) -> Any:  # noqa: ANN401 - nested dicts and lists
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, dict):
        return {key: _each_tensor(member, change) for key, member in value.items()}
    if isinstance(value, list):
        return [_each_tensor(member, change) for member in value]
    return value


def _columns(points: Sequence[LossPoint]) -> dict[str, Any]:
    """Return points as columns: a long run has a million of them."""
    labels: dict[tuple[str, str, str], int] = {}
    codes = [labels.setdefault((point.fold, point.language, point.source), len(labels)) for point in points]
    return {
        "labels": [list(label) for label in labels],
        "codes": torch.tensor(codes, dtype=torch.int32),
        "steps": torch.tensor([point.step for point in points], dtype=torch.int64),
        "losses": torch.tensor([point.loss for point in points], dtype=torch.float64),
        "num_tokens": torch.tensor([point.num_tokens for point in points], dtype=torch.int64),
    }


def _points(columns: dict[str, Any]) -> list[LossPoint]:
    values = [columns[name].tolist() for name in ("codes", "steps", "losses", "num_tokens")]
    labels = [dict(zip(("fold", "language", "source"), label, strict=True)) for label in columns["labels"]]
    return [
        LossPoint(step=step, loss=loss, num_tokens=num_tokens, **labels[code])
        for code, step, loss, num_tokens in zip(*values, strict=True)
    ]
