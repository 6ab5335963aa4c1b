import pytest
import torch

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, group_of
from qantara.models.loading import load_model
from qantara.train.adapter_files import continued, save_trained
from qantara.train.audit import trainable
from qantara.train.loop import train_step


def base(folder):
    return load_model(folder, quantization="nf4", dtype="float32")


def test_training_goes_on_from_the_adapter_of_a_run_bit_for_bit(started, mixture_folder, tmp_path):
    state = started(mixture_folder)
    for _ in range(3):
        train_step(state)
    save_trained(state, tmp_path / "adapter")
    again = dict(trainable(continued(base(mixture_folder), tmp_path / "adapter", AdapterConfig())))
    assert again.keys() == {name for name, _ in trainable(state.model)}
    assert all(torch.equal(tensor, again[name]) for name, tensor in trainable(state.model))


def test_an_adapter_of_a_dense_model_is_gone_on_from_though_it_has_no_router(dense_folder, tmp_path):
    made = attach(base(dense_folder), AdapterConfig())
    made.save_pretrained(str(tmp_path), save_embedding_layers=False)
    again = dict(trainable(continued(base(dense_folder), tmp_path, AdapterConfig())))
    assert again.keys() == {name for name, _ in trainable(made)}


@pytest.mark.parametrize("trained", [False, True])
def test_embeddings_of_the_first_run_are_kept_and_train_only_if_asked(mixture_folder, tmp_path, trained):
    with_embeddings = AdapterConfig(embeddings=True)
    model = attach(base(mixture_folder), with_embeddings)
    with torch.no_grad():
        for name, tensor in trainable(model):
            if group_of(name) == "embeddings":
                tensor.add_(1)
    model.save_pretrained(str(tmp_path), save_embedding_layers=False)
    again = continued(base(mixture_folder), tmp_path, AdapterConfig(embeddings=trained))
    assert ("embeddings" in {group_of(name) for name, _ in trainable(again)}) == trained
    tokens = torch.arange(2, 30)[None]
    with torch.no_grad():
        assert torch.equal(model.eval()(input_ids=tokens).logits, again(input_ids=tokens).logits)


def test_an_adapter_made_otherwise_is_refused_with_what_differs(mixture_folder, tmp_path):
    attach(base(mixture_folder), AdapterConfig()).save_pretrained(str(tmp_path), save_embedding_layers=False)
    with pytest.raises(ModelError, match="this adapter has rank 16, not 8; training goes on"):
        continued(base(mixture_folder), tmp_path, AdapterConfig(rank=8))
    with pytest.raises(ModelError, match="embeddings False, not True"):
        continued(base(mixture_folder), tmp_path, AdapterConfig(embeddings=True))
