"""Several processes that train one model (torchrun), or one: the only place that knows of ranks.

Each process takes its micro-batches of a step; gradients and losses are sums over all, so that a run has the same losses however
many there are. "ddp" holds the model in every process, "fsdp" a share of it (FSDP2). accelerate starts the processes and makes
DDP; it takes FSDP2 to accelerators only (1.15), so torch's `fully_shard` is called here, which works on CPUs too.
"""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Literal, TypeVar

import torch
import torch.distributed as dist
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs
from bitsandbytes.nn.modules import Params4bit
from peft import PeftModel
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from qantara.models.loading import default_device

Item = TypeVar("Item")
# The others wait while the first prepares data; torchrun ends all when one fails, so nothing hangs on this.
_TIMEOUT = timedelta(days=7)
_LOG = logging.getLogger(__name__)


class Processes:
    """This process among those that train together; each of its methods is called by all of them, in the same order."""

    def __init__(self, kind: Literal["ddp", "fsdp"] = "ddp") -> None:
        patient = InitProcessGroupKwargs(timeout=_TIMEOUT)
        self._accelerator = Accelerator(
            cpu=default_device().type == "cpu", mixed_precision="no", kwargs_handlers=[patient]
        )
        self.number, self.rank = self._accelerator.num_processes, self._accelerator.process_index
        self.device: torch.device = self._accelerator.device
        self.kind: Literal["one", "ddp", "fsdp"] = kind if self.number > 1 else "one"

    @property
    def is_main(self) -> bool:
        """Whether this process writes files."""
        return bool(self.rank == 0)

    def spread(self, model: PeftModel) -> nn.Module:
        """Return what is called in place of the model: it takes part in what all processes do; `model` stays usable."""
        if self.kind == "ddp":
            spread: nn.Module = self._accelerator.prepare_model(model, device_placement=False)
            return spread
        if self.kind == "fsdp":
            _shard(model, self.device, self.number)
            if self.is_main:
                _warn_of_whole_layers(model)
        return model

    def share(self, items: Sequence[Item]) -> list[tuple[int, Item, bool]]:
        """Return this process's items with their places and whether they count.

        All processes get the same number, for each forward waits for the others; one that has none left repeats one, uncounted.
        """
        rounds = range(0, len(items), self.number)
        mine = [(i + self.rank, i + self.rank < len(items)) for i in rounds]
        return [(place, items[place], True) if counts else (0, items[0], False) for place, counts in mine]

    @contextlib.contextmanager
    def backward_of(self, model: nn.Module, *, last: bool) -> Iterator[None]:
        """Within this, run a micro-batch forward and back; gradients meet those of the others at the last one of a step."""
        with contextlib.nullcontext() if last or self.kind != "ddp" else self._accelerator.no_sync(model):
            yield

    def settle(self, model: nn.Module) -> None:
        """Bring a model back to its shares after a forward without a backward, which leaves the outermost layers collected."""
        if isinstance(model, FSDPModule):
            model.reshard()

    def total(self, values: Tensor) -> Tensor:
        """Return the sum of a small tensor over all processes, on the CPU."""
        if self.number == 1:
            return values.cpu()
        moved = values.to(self.device, copy=True)
        dist.all_reduce(moved)
        return moved.cpu()

    def any(self, flags: Sequence[bool]) -> list[bool]:
        """Return for each flag whether it is set in any process."""
        return [bool(count) for count in self.total(torch.tensor(flags, dtype=torch.float32)).tolist()]

    def agree(self, number: int) -> bool:
        """Tell whether all processes say the same number."""
        counts = self.total(torch.tensor([number, number**2], dtype=torch.float64))
        return bool(counts[0] == number * self.number and counts[1] == number**2 * self.number)

    def wait(self) -> None:
        """Wait until all processes are here."""
        self._accelerator.wait_for_everyone()

    def part(self) -> None:
        """Take leave of the others for good."""
        self._accelerator.end_training()


def whole(tensor: Tensor) -> Tensor:
    """Return a tensor in full; one that is shared out is collected, so all processes must ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def local(tensor: Tensor) -> Tensor:
    """Return this process's share of a tensor: all of it, unless it is shared out."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def shared_like(value: Tensor, like: Tensor) -> Tensor:
    """Return a whole tensor as one that is shared out as `like` is (if it is); nothing is sent, all have the whole."""
    if not isinstance(like, DTensor) or value.shape != like.shape:
        return value
    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def held_bytes(model: nn.Module) -> int:
    """Return the bytes of a model's parameters that this process holds."""
    return sum(local(tensor).numel() * tensor.element_size() for tensor in model.parameters())


def _shard(model: Any, device: torch.device, number: int) -> None:  # noqa: ANN401 - PeftModel, untyped
    """Share out a model by layers. bitsandbytes' 4-bit linear layers stay whole: their scales are no parameters."""
    packed = {tensor for tensor in model.parameters() if isinstance(tensor, Params4bit)}
    settings: dict[str, Any] = {"mesh": init_device_mesh(device.type, (number,)), "ignored_params": packed}
    for layer in model.get_base_model().base_model.layers:
        fully_shard(layer, **settings)
    fully_shard(model, **settings)


def _warn_of_whole_layers(model: nn.Module) -> None:
    packed = sum(tensor.nbytes for tensor in model.parameters() if isinstance(tensor, Params4bit))
    if 2 * packed > held_bytes(model):
        _LOG.warning(
            "train.processes fsdp: 4-bit linear layers (%.1f GB) stay whole in every process, so little is saved; "
            "ddp is faster, quantization none is shared out",
            packed / 1e9,
        )
