import json

import pytest
import torch
from rich.console import Console
from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.errors import ModelError
from qantara.evaluation.run_model import is_run, model_of_run
from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach, save_adapter
from qantara.models.loading import load_model
from qantara.models.references import resolve
from qantara.models.upcycle import upcycled
from qantara.pipeline import open_pipeline


@pytest.fixture
def run(tiny_recipe, tiny_model, tmp_path):
    """Return `run(upcycle)`: a run folder as `qantara run` begins it, with an adapter as its training leaves it."""

    def make(upcycle):
        changes = {"train": {"model": f"path:{tiny_model}", "upcycle": upcycle, "adapter": {"rank": 8}}}
        pipeline = open_pipeline(tiny_recipe(**changes), [], tmp_path / "run", Console(quiet=True))
        pipeline.run(only="benchmark")
        pipeline.engine.dispose()
        folder = (
            upcycled(tiny_model, upcycle["experts"], upcycle["top_k"], pipeline.recipe.seed) if upcycle else tiny_model
        )
        model = attach(load_model(folder, quantization="none", dtype="float32"), AdapterConfig(rank=8))
        with torch.no_grad():
            for tensor in (part for part in model.parameters() if part.requires_grad):
                tensor += torch.randn(tensor.shape, generator=torch.Generator().manual_seed(1)) * 0.1
        save_adapter(model, tmp_path / "run" / "train" / "adapter")
        return tmp_path / "run", folder

    return make


@pytest.mark.parametrize("upcycle", [None, {"experts": 4, "top_k": 2}])
def test_a_run_gives_the_model_that_it_trained(run, upcycle):
    folder, base = run(upcycle)
    assert is_run(str(folder))
    reference, adapter = model_of_run(folder)
    assert resolve(reference) == base
    assert adapter == folder / "train" / "adapter"


def test_a_run_folder_can_be_evaluated_as_it_is(run, tmp_path):
    folder, _ = run({"experts": 4, "top_k": 2})
    asked = ["evaluate", str(folder), "--tasks", str(tmp_path / "bench.jsonl"), "--dtype", "float32", "--limit", "2"]
    done = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0, done.exception
    scores = json.loads(done.stdout)
    assert scores["identity"]["adapter"]
    assert {row["num_items"] for row in scores["scores"]} == {2}


def test_a_run_that_trained_nothing_is_refused(run):
    folder, _ = run(None)
    for path in (folder / "train" / "adapter").iterdir():
        path.unlink()
    (folder / "train" / "adapter").rmdir()
    with pytest.raises(ModelError, match="no trained adapter"):
        model_of_run(folder)


def test_a_reference_is_no_run(tiny_model):
    assert not is_run(f"path:{tiny_model}")
    assert not is_run(str(tiny_model))
