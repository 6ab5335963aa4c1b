import copy

import pytest
import torch

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, load_adapter
from qantara.models.loading import load_model
from qantara.models.merge_check import NUM_TOKENS, compare, fixed_tokens, record


@pytest.fixture(scope="module")
def base(mixture_folders):
    return load_model(mixture_folders["qwen2_moe"], quantization="none", dtype="float32")


def untrained(base):
    """Return what a model with new adapters does, which is what it does without."""
    return record(attach(copy.deepcopy(base), AdapterConfig(rank=8)).eval())


@pytest.fixture(scope="module")
def recording(mixture_folders, base, tmp_path_factory, save_moved_adapter):
    folder = tmp_path_factory.mktemp("adapters") / "adapter"
    save_moved_adapter(mixture_folders["qwen2_moe"], folder, embeddings=True)
    return record(load_adapter(copy.deepcopy(base), folder))


def test_the_tokens_are_fixed_and_spread_over_the_vocabulary():
    tokens = fixed_tokens(32_000)
    assert tokens.shape == (1, NUM_TOKENS)
    assert torch.equal(tokens, fixed_tokens(32_000))
    assert tokens.unique().numel() == NUM_TOKENS
    assert tokens.max() > 28_000


def test_every_module_with_weights_is_recorded_once_under_its_own_name(base, recording):
    holders = {name for name, module in base.named_modules() if any(True for _ in module.parameters(recurse=False))}
    assert set(recording.calls) == holders
    assert not torch.equal(recording.logits, recording.without)


def test_the_same_model_is_equal(base):
    found = compare(untrained(base), base, torch.float32)
    assert found.max_difference == found.worst_module_error == found.adapter_effect == 0


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.0.self_attn.o_proj.weight",
        "model.layers.1.mlp.experts.down_proj",
        "model.layers.1.mlp.gate.weight",
        "model.layers.0.mlp.shared_expert_gate.weight",
        "model.norm.weight",
        "lm_head.weight",
    ],
)
def test_one_wrong_weight_is_named_though_logits_hardly_change(base, name):
    recording = untrained(base)
    wrong = copy.deepcopy(base)
    with torch.no_grad():
        wrong.get_parameter(name).mul_(1.02)
    with pytest.raises(ModelError, match=f"{name.removesuffix('.weight').removesuffix('.down_proj')} is off by 0.02"):
        compare(recording, wrong, torch.bfloat16)


def test_not_a_number_is_no_small_difference(base):
    wrong = copy.deepcopy(base)
    with torch.no_grad():
        wrong.get_parameter("model.norm.weight").fill_(float("nan"))
    with pytest.raises(ModelError, match=r"model.norm is off by nan"):
        compare(untrained(base), wrong, torch.bfloat16)


def test_a_base_without_the_adapter_is_not_the_adapted_model(base, recording):
    with pytest.raises(ModelError, match="the merged model is not the adapted one"):
        compare(recording, base, torch.bfloat16)
