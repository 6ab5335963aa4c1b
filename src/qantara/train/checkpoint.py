"""The newest state of a training run in one file, `checkpoint.pt`: tensors that train, optimizer, step, losses so far.

The learning rate and the batches follow from the step, so they are not stored. A file of other samples, settings or seed, or one
that can't be read, is passed over: that run starts anew.
"""

import dataclasses
import hashlib
import logging
import pickle
from array import array
from collections.abc import Sequence
from pathlib import Path

import torch

from qantara.records import LossPoint, Sample
from qantara.store import whole_file
from qantara.train.audit import trainable
from qantara.train.stage import TrainConfig
from qantara.train.state import TrainingState

FILE = "checkpoint.pt"
_LOG = logging.getLogger(__name__)


def run_key(samples: Sequence[Sample], config: TrainConfig, seed: int) -> str:
    """Return a hash of all that decides a run's losses."""
    digest = hashlib.blake2b(f"{seed}\n{config.model_dump_json()}\n".encode(), digest_size=16)
    for sample in samples:
        digest.update(f"{sample.example_id}\n{sample.language}\n{sample.fold}\n".encode())
        digest.update(array("I", sample.input_ids).tobytes())
        digest.update(bytes(sample.loss_mask))
    return digest.hexdigest()


def save(state: TrainingState, folder: Path, key: str) -> None:
    """Write the state to `folder`, in place of an older one; a full disk rises as StoreError."""
    content = {
        "key": key,
        "step": state.step,
        "tensors": {name: tensor.detach() for name, tensor in trainable(state.model)},
        "optimizer": state.optimizer.state_dict(),
        "points": [dataclasses.astuple(point) for point in state.points],
    }
    with whole_file(folder / FILE) as part:
        torch.save(content, part)


def resume(state: TrainingState, folder: Path, key: str) -> bool:
    """Bring `state` to where the checkpoint in `folder` was; return False if there is none of this run."""
    path = folder / FILE
    if not path.is_file():
        return False
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
        _LOG.warning("%s can't be read; training starts anew", path)
        return False
    if content["key"] != key:
        _LOG.warning("%s is of another run (samples, settings or seed differ); training starts anew", path)
        return False
    with torch.no_grad():
        for name, tensor in trainable(state.model):
            tensor.copy_(content["tensors"][name])
    state.optimizer.load_state_dict(content["optimizer"])
    state.step = content["step"]
    state.points = [_point(values) for values in content["points"]]
    return True


def _point(values: tuple[int, str, str, float, int]) -> LossPoint:
    step, fold, language, loss, num_tokens = values
    return LossPoint(step=step, fold=fold, language=language, loss=loss, num_tokens=num_tokens)
