"""The adapter folder that a run goes on from, and the one that it leaves."""

from pathlib import Path

from peft import PeftModel
from transformers import PreTrainedModel

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import adapter_settings, group_of, load_adapter, save_adapter
from qantara.models.layouts import has_experts
from qantara.train.audit import is_adapter_tensor, trainable
from qantara.train.processes import whole
from qantara.train.state import TrainingState


def continued(base: PreTrainedModel, folder: Path, config: AdapterConfig) -> PeftModel:
    """Return the model with the adapter of `folder`, to be trained on.

    Embeddings that it holds stay as they are, unless `config` trains them too. Raises ModelError for an adapter made otherwise.
    """
    found = adapter_settings(folder)
    stored = found.model_dump()
    wanted = config.model_dump() | {"router": config.router and has_experts(base)}  # a dense model has none
    if found.embeddings and not config.embeddings:
        del stored["embeddings"], wanted["embeddings"]
    if differing := [name for name, value in stored.items() if value != wanted[name]]:
        listed = ", ".join(f"{name} {stored[name]}, not {wanted[name]}" for name in differing)
        raise ModelError(
            f"{folder}: this adapter has {listed}; training goes on with the settings that it was made with"
        )
    model = load_adapter(base, folder, trainable=True)
    if not config.embeddings:
        for name, tensor in trainable(model):
            tensor.requires_grad_(group_of(name) != "embeddings")
    return model


def save_trained(state: TrainingState, folder: Path) -> None:
    """Write the trained adapter; all processes must come, the first writes."""
    processes = state.processes
    tensors = None
    if processes.kind == "fsdp":
        named = state.model.named_parameters(remove_duplicate=False)  # tied embeddings are saved under both names
        tensors = {name: whole(tensor.detach()).cpu() for name, tensor in named if is_adapter_tensor(name)}
    if processes.is_main:
        save_adapter(state.model, folder, tensors)
    processes.wait()
