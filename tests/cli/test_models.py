import json

import pytest
import torch
from transformers import AutoModelForCausalLM
from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.errors import ModelError
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, save_adapter
from qantara.models.loading import load_model


@pytest.fixture(scope="module")
def adapter(tiny_model, tmp_path_factory):
    """Return the folder of an adapter of the tiny model."""
    folder = tmp_path_factory.mktemp("adapters") / "adapter"
    model = attach(load_model(tiny_model, quantization="none", dtype="float32"), AdapterConfig(rank=8))
    torch.manual_seed(0)
    with torch.no_grad():
        for tensor in model.parameters():
            if tensor.requires_grad:
                tensor += torch.randn_like(tensor) * 0.05
    save_adapter(model, folder)
    return folder


def run(*words):
    return CliRunner().invoke(app, ["models", *map(str, words)], catch_exceptions=False)


def test_a_dense_model_becomes_a_mixture_of_experts(tiny_model, tmp_path):
    made = run("upcycle", tiny_model, tmp_path / "moe", "--experts", "3", "--top-k", "1")
    assert made.stdout.strip() == str(tmp_path / "moe")
    config = json.loads((tmp_path / "moe" / "config.json").read_text(encoding="utf-8"))
    assert (config["model_type"], config["num_local_experts"], config["num_experts_per_tok"]) == ("mixtral", 3, 1)


def test_a_local_model_is_fetched_by_reference(tiny_model):
    assert run("fetch", f"path:{tiny_model}").stdout.strip() == str(tiny_model)


def test_a_model_that_is_not_there_is_an_error(tmp_path):
    found = CliRunner().invoke(app, ["models", "fetch", f"path:{tmp_path / 'none'}"])
    assert isinstance(found.exception, ModelError)


@pytest.mark.parametrize("form", ["{}", "path:{}"])
def test_a_model_is_inspected_by_folder_or_reference(tiny_model, form):
    values = json.loads(run("inspect", form.format(tiny_model), "--json").stdout)
    assert (values["kind"], values["model_type"], values["quantization"]) == ("model", "llama", "none")
    assert "attention" in run("inspect", form.format(tiny_model)).stdout


def test_an_adapter_is_inspected(adapter, tiny_model):
    values = json.loads(run("inspect", adapter, "--json").stdout)
    assert (values["kind"], values["adapter"]["rank"], values["base"]) == ("adapter", 8, str(tiny_model))


def test_base_and_adapter_are_merged_with_the_runs_facts_on_the_card(tiny_model, adapter, tmp_path):
    for stage, details in (("mix", {"drawn_tokens": 1234}), ("evaluate", {"scores": {"task": "bench"}})):
        (tmp_path / "run" / stage).mkdir(parents=True)
        (tmp_path / "run" / stage / "summary.json").write_text(json.dumps({"details": details}), encoding="utf-8")
    made = run(
        "merge", tiny_model, adapter, tmp_path / "merged", "--dtype", "float32", "--run", tmp_path / "run", "--json"
    )
    values = json.loads(made.stdout)
    assert values["folder"] == str(tmp_path / "merged")
    assert values["max_difference"] < 1e-5 < values["adapter_effect"]
    card = (tmp_path / "merged" / "README.md").read_text(encoding="utf-8")
    assert "| drawn_tokens | 1234 |" in card
    assert "| scores.task | bench |" in card
    assert f"base_model: {tiny_model.name}" in card  # and no path of this machine
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "merged").config.model_type == "llama"


def test_a_merge_prints_its_folder_and_tells_how_far_it_is_off(tiny_model, adapter, tmp_path):
    made = run("merge", tiny_model, adapter, tmp_path / "merged", "--onto", "dequantized")
    assert made.stdout.strip().endswith(str(tmp_path / "merged"))
    assert "logits differ from base and adapter by" in made.stderr


def test_an_adapter_goes_to_pefts_layout_and_back(adapter, tmp_path):
    assert run("export", adapter, tmp_path / "peft").stdout.strip() == str(tmp_path / "peft")
    assert run("import", tmp_path / "peft", tmp_path / "ours").stdout.strip() == str(tmp_path / "ours")
    assert json.loads(run("inspect", tmp_path / "ours", "--json").stdout)["adapter"]["rank"] == 8
