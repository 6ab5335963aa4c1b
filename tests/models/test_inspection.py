import pytest
import torch
from transformers import AutoModelForCausalLM

from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import trainable_groups
from qantara.models.inspection import PartSize, inspect, inspection_lines
from qantara.models.layouts import MIXTURES
from qantara.models.loading import load_model
from qantara.models.nf4_experts import expert_bytes


@pytest.fixture(scope="module")
def folders(mixture_folders, dense_folders):
    return mixture_folders | dense_folders


@pytest.mark.parametrize("kind", [*sorted(MIXTURES), "llama", "gemma3_text"])
def test_parameters_and_bytes_are_those_of_the_model(folders, kind):
    found = inspect(folders[kind])
    model = AutoModelForCausalLM.from_pretrained(folders[kind], dtype=torch.float32)
    assert (found.kind, found.model_type, found.quantization) == ("model", kind, "none")
    assert found.parameters == sum(tensor.numel() for tensor in model.parameters())
    assert found.num_bytes == 4 * found.parameters
    assert found.dtypes == {"F32": found.num_bytes}
    assert {"attention", "embeddings", "other"} < set(found.parts)


def test_a_mixture_has_its_experts_apart_and_only_some_are_active(folders):
    found = inspect(folders["qwen2_moe"])
    experts = 2 * 4 * 3 * 64 * 96
    assert found.parts["experts"].parameters == experts
    assert found.parts["router"].parameters == 2 * 4 * 64
    assert found.parts["mlp"].parameters == 2 * (3 * 64 * 128 + 64)  # shared experts and their gates
    assert (found.experts, found.top_k) == (4, 2)
    assert found.active_parameters == found.parameters - experts // 2


def test_a_dense_model_is_active_as_a_whole(folders):
    found = inspect(folders["llama"])
    assert (found.experts, found.active_parameters) == (0, found.parameters)


@pytest.mark.parametrize("kind", ["mixtral", "llama"])
def test_packed_weights_count_as_what_they_stand_for(folders, kind, tmp_path):
    model = load_model(folders[kind], quantization="nf4", dtype="float32")
    model.save_pretrained(tmp_path / "packed")
    found, original = inspect(tmp_path / "packed"), inspect(folders[kind])
    assert found.quantization == "nf4"
    assert {group: size.parameters for group, size in found.parts.items()} == {
        group: size.parameters for group, size in original.parts.items()
    }
    assert found.num_bytes < original.num_bytes / 2
    if kind == "mixtral":
        assert found.parts["experts"].num_bytes == expert_bytes(model)[0]


def test_an_adapter_tells_its_parts_settings_and_base(folders, tmp_path, save_moved_adapter):
    model = save_moved_adapter(folders["mixtral"], tmp_path / "adapter", embeddings=True)
    found = inspect(tmp_path / "adapter")
    assert found.kind == "adapter"
    assert found.base == str(folders["mixtral"])
    assert found.adapter == AdapterConfig(rank=8, alpha=8, embeddings=True)
    assert {group: size.parameters for group, size in found.parts.items()} == trainable_groups(model)
    assert found.active_parameters == found.parameters - found.parts["experts"].parameters // 2


def test_the_lines_hold_every_part_and_json_holds_the_same(folders):
    found = inspect(folders["mixtral"])
    text = "\n".join(inspection_lines(found))
    for group, size in found.parts.items():
        assert f"{group}" in text
        assert f"{size.parameters:,}" in text
    assert "4 experts a layer, 2 for a token" in text
    values = found.as_json()
    assert values["parts"]["router"] == {"parameters": 2 * 4 * 64, "bytes": 2 * 4 * 64 * 4}
    assert values["parameters"] == found.parameters
    assert values["adapter"] is None


def test_no_weight_is_read(folders, monkeypatch):
    def fail(*_, **__):
        raise AssertionError("a file was opened for its weights")

    monkeypatch.setattr("qantara.models.checkpoint_files.safe_open", fail)
    assert inspect(folders["llama"]).parts["attention"] == PartSize(parameters=24_576, num_bytes=98_304)


def test_a_folder_that_is_no_model_is_a_clear_error(tmp_path):
    with pytest.raises(ModelError, match="missing or broken"):
        inspect(tmp_path)
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="holds no weights"):
        inspect(tmp_path)
