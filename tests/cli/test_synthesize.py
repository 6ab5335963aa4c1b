import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from qantara.cli.synthesize import synthesize
from qantara.errors import DataError, RecipeError

RECIPE = Path(__file__).parents[2] / "recipes" / "synthesize.yaml"


@pytest.fixture
def invoke():
    app = typer.Typer()
    app.command()(synthesize)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_a_recipe_gives_the_dialogues_and_says_where_they_are(invoke, tmp_path):
    done = invoke("--recipe", str(RECIPE), "--run", str(tmp_path / "run"))
    assert done.exit_code == 0, done.exception
    assert done.stdout.splitlines()[-1] == str(tmp_path / "run" / "dialogues.jsonl")
    assert "80 kept" in done.stderr
    lines = (tmp_path / "run" / "dialogues.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 80
    for text in (json.loads(lines[0])["turns"][0]["text"], "answer_index"):
        assert text not in done.stdout + done.stderr


def test_without_a_model_it_is_told_what_to_give(invoke, tmp_path):
    done = invoke("--run", str(tmp_path / "run"))
    assert isinstance(done.exception, RecipeError)
    assert not (tmp_path / "run").exists()


def test_columns_that_are_not_known_are_told(invoke, tmp_path):
    done = invoke("--run", str(tmp_path / "run"), "--columns", "colour=x")
    assert isinstance(done.exception, DataError)
