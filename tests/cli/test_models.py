import json

from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.errors import ModelError


def test_a_dense_model_becomes_a_mixture_of_experts(tiny_model, tmp_path):
    words = ["models", "upcycle", str(tiny_model), str(tmp_path / "moe"), "--experts", "3", "--top-k", "1"]
    assert CliRunner().invoke(app, words).stdout.strip() == str(tmp_path / "moe")
    config = json.loads((tmp_path / "moe" / "config.json").read_text(encoding="utf-8"))
    assert (config["model_type"], config["num_local_experts"], config["num_experts_per_tok"]) == ("mixtral", 3, 1)


def test_a_local_model_is_fetched_by_reference(tiny_model):
    assert CliRunner().invoke(app, ["models", "fetch", f"path:{tiny_model}"]).stdout.strip() == str(tiny_model)


def test_a_model_that_is_not_there_is_an_error(tmp_path):
    found = CliRunner().invoke(app, ["models", "fetch", f"path:{tmp_path / 'none'}"])
    assert isinstance(found.exception, ModelError)
