import sys

import lm_eval.__main__ as lm_eval_command
import pytest
import typer
from lm_eval.api.registry import model_registry
from typer.testing import CliRunner

from qantara.cli.harness import SETTINGS, lm_eval


@pytest.fixture
def command():
    app = typer.Typer()
    app.command("lm-eval", context_settings=SETTINGS)(lm_eval)
    app.command("other")(lambda: None)
    return app


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--model", "qantara", "--tasks", "x", "--model_args", "pretrained=a,dtype=b"]]
)
def test_lm_eval_gets_what_follows_and_knows_the_model(command, monkeypatch, arguments):
    seen = []
    monkeypatch.setattr(sys, "argv", ["qantara"])
    monkeypatch.setattr(lm_eval_command, "cli_evaluate", lambda: seen.append((sys.argv, "qantara" in model_registry)))
    assert CliRunner().invoke(command, ["lm-eval", *arguments]).exit_code == 0
    assert seen == [(["lm-eval", *arguments], True)]


def test_without_lm_eval_it_says_what_to_install(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "lm_eval.__main__", None)
    result = CliRunner().invoke(command, ["lm-eval", "ls", "tasks"])
    assert "pip install" in str(result.exception)
