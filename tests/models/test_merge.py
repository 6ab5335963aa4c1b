"""Merging: plain transformers computes from the merged folder what base and adapter compute together."""

import json

import pytest
import torch
from transformers import AutoModelForCausalLM

from qantara.errors import ModelError
from qantara.models import merged_weights
from qantara.models.checkpoint_files import read_headers
from qantara.models.layouts import MIXTURES
from qantara.models.loading import load_model
from qantara.models.merge import MergeSettings, merge
from qantara.models.model_card import CardFacts

TOKENS = torch.arange(30)[None]
SMALL = torch.finfo(torch.float32).tiny


def logits(model):
    with torch.inference_mode():
        return model.eval()(input_ids=TOKENS).logits.float()


def plain(folder):
    """Return a model as transformers alone loads it."""
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def typical_error(found, wanted):
    """Return the relative error of a typical position: a token that went to another expert for a rounded router is none."""
    return float(((found - wanted).norm(dim=-1) / wanted.norm(dim=-1).clamp_min(SMALL)).median())


@pytest.fixture(scope="module")
def folders(mixture_folders, dense_folders):
    return mixture_folders | dense_folders


@pytest.mark.parametrize(("onto", "quantization"), [("original", "none"), ("dequantized", "nf4")])
@pytest.mark.parametrize("kind", [*sorted(MIXTURES), "llama", "gemma3_text", "qwen2"])
def test_in_fp32_the_merged_model_has_the_logits_of_base_and_adapter(
    folders, kind, onto, quantization, tmp_path, save_moved_adapter
):
    model = save_moved_adapter(folders[kind], tmp_path / "adapter", quantization, embeddings=True)
    settings = MergeSettings(onto=onto, dtype="float32")
    comparison = merge(folders[kind], tmp_path / "adapter", tmp_path / "merged", settings)
    assert (logits(plain(tmp_path / "merged")) - logits(model)).abs().max() < 5e-6
    assert comparison.max_difference < 5e-6
    assert comparison.worst_module_error < 2e-6
    assert comparison.adapter_effect > 0.05
    assert comparison.num_modules > 10


@pytest.mark.parametrize("kind", ["mixtral", "qwen3_moe", "llama"])
def test_in_bf16_it_differs_by_rounding_only(folders, kind, tmp_path, save_moved_adapter):
    model = save_moved_adapter(folders[kind], tmp_path / "adapter")
    comparison = merge(folders[kind], tmp_path / "adapter", tmp_path / "merged", MergeSettings())
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged", dtype="auto")
    assert merged.dtype == torch.bfloat16
    assert typical_error(logits(plain(tmp_path / "merged")), logits(model)) < 0.01
    assert typical_error(logits(plain(folders[kind])), logits(model)) > 0.1
    assert 1e-4 < comparison.worst_module_error < 2**-7


def test_a_mixture_stored_in_bf16_is_compared_without_widening_its_experts(folders, tmp_path, save_moved_adapter):
    plain(folders["qwen3_moe"]).to(torch.bfloat16).save_pretrained(tmp_path / "base")
    save_moved_adapter(tmp_path / "base", tmp_path / "adapter")
    comparison = merge(tmp_path / "base", tmp_path / "adapter", tmp_path / "merged", MergeSettings())
    assert 1e-4 < comparison.worst_module_error < 2**-7


def test_each_way_keeps_its_own_base(folders, tmp_path, save_moved_adapter):
    adapted = save_moved_adapter(folders["mixtral"], tmp_path / "adapter", "nf4")
    for onto in ("original", "dequantized"):
        merge(folders["mixtral"], tmp_path / "adapter", tmp_path / onto, MergeSettings(onto=onto, dtype="float32"))
    assert (logits(plain(tmp_path / "dequantized")) - logits(adapted)).abs().max() < 5e-6
    assert typical_error(logits(plain(tmp_path / "original")), logits(adapted)) > 0.005


def test_dora_is_merged(folders, tmp_path, save_moved_adapter):
    model = save_moved_adapter(folders["llama"], tmp_path / "adapter", dora=True)
    merge(folders["llama"], tmp_path / "adapter", tmp_path / "merged", MergeSettings(dtype="float32"))
    assert (logits(plain(tmp_path / "merged")) - logits(model)).abs().max() < 5e-6


@pytest.mark.parametrize("kind", ["mixtral", "qwen2_moe"])
def test_names_and_files_are_the_bases_own(folders, kind, tmp_path, save_moved_adapter):
    plain(folders[kind]).save_pretrained(tmp_path / "base")
    (tmp_path / "base" / "chat_template.jinja").write_text("{{ messages }}", encoding="utf-8")
    save_moved_adapter(tmp_path / "base", tmp_path / "adapter")
    merge(tmp_path / "base", tmp_path / "adapter", tmp_path / "merged", MergeSettings())
    headers = [{stored.name for stored in read_headers(tmp_path / name)} for name in ("base", "merged")]
    assert headers[0] == headers[1]
    assert any(".experts.3." in name for name in headers[0])
    assert {stored.dtype for stored in read_headers(tmp_path / "merged")} == {"BF16"}
    assert (tmp_path / "merged" / "chat_template.jinja").read_text(encoding="utf-8") == "{{ messages }}"
    assert json.loads((tmp_path / "merged" / "config.json").read_text(encoding="utf-8"))["dtype"] == "bfloat16"
    assert {path.name for path in tmp_path.iterdir()} == {"base", "adapter", "merged"}


def test_the_card_tells_base_licence_data_figures_and_how(folders, tmp_path, save_moved_adapter):
    save_moved_adapter(folders["llama"], tmp_path / "adapter")
    facts = CardFacts(base="some/base", licence="apache-2.0", data={"tokens": {"ar": 12}}, figures={"accuracy": 0.5})
    merge(folders["llama"], tmp_path / "adapter", tmp_path / "merged", MergeSettings(facts=facts))
    card = (tmp_path / "merged" / "README.md").read_text(encoding="utf-8")
    for told in (
        "base_model: some/base",
        "license: apache-2.0",
        "| tokens.ar | 12 |",
        "| accuracy | 0.5 |",
        "- rank: 8",
    ):
        assert told in card
    assert "onto the original base weights, in fp32, rounded once to bfloat16" in card


@pytest.mark.parametrize("fault", ["scale", "half", "router"])
def test_a_merge_that_went_wrong_is_caught_and_leaves_nothing(
    fault, folders, tmp_path, monkeypatch, save_moved_adapter
):
    save_moved_adapter(folders["mixtral"], tmp_path / "adapter")
    right = merged_weights.Adapter.merged

    def wrong(self, name, weight):
        if fault == "half":
            name = name.replace(".w1.", ".w3.")
        if fault == "router" and ".gate." in name:
            return weight.float()
        merged = right(self, name, weight)
        return (weight + merged) / 2 if fault == "scale" else merged

    monkeypatch.setattr(merged_weights.Adapter, "merged", wrong)
    with pytest.raises(ModelError, match=r"the merged model is not the adapted one: model\.layers"):
        merge(folders["mixtral"], tmp_path / "adapter", tmp_path / "merged", MergeSettings())
    assert [path.name for path in tmp_path.iterdir()] == ["adapter"]


def test_what_can_not_be_merged_is_a_clear_error(folders, tmp_path, save_moved_adapter):
    save_moved_adapter(folders["mixtral"], tmp_path / "adapter")
    with pytest.raises(ModelError, match="is there already"):
        merge(folders["mixtral"], tmp_path / "adapter", tmp_path, MergeSettings())
    with pytest.raises(ModelError, match="the base has no weights for"):
        merge(folders["llama"], tmp_path / "adapter", tmp_path / "merged", MergeSettings())
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        merge(tmp_path, tmp_path / "adapter", tmp_path / "merged", MergeSettings())
    load_model(folders["mixtral"], quantization="nf4", dtype="float32").save_pretrained(tmp_path / "packed")
    with pytest.raises(ModelError, match="holds a quantized model"):
        merge(tmp_path / "packed", tmp_path / "adapter", tmp_path / "merged", MergeSettings())
    assert {path.name for path in tmp_path.iterdir()} == {"adapter", "packed"}
