import pytest
from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.errors import RecipeError


@pytest.fixture
def recipe(tiny_recipe, server):
    return tiny_recipe(server.url, mix=None, train=None, evaluate=None)


def test_a_run_prints_where_the_report_is_and_a_second_says_there_is_nothing_to_do(recipe, tmp_path):
    words = ["run", str(recipe), "--run", str(tmp_path / "run")]
    first = CliRunner().invoke(app, words)
    assert first.stdout.strip() == str(tmp_path / "run" / "report" / "index.html")
    assert "24 kept" in first.stderr
    second = CliRunner().invoke(app, words)
    assert "nothing to do" in second.stderr
    assert second.stdout == first.stdout


def test_settings_and_stages_come_from_the_command_line(recipe, tmp_path):
    words = ["run", str(recipe), "--run", str(tmp_path / "run"), "--set", "translate.max_rounds=0"]
    assert CliRunner().invoke(app, words).exit_code == 0
    again = CliRunner().invoke(app, [*words, "--only", "review"])
    assert "ran review (" in again.stderr
    after = CliRunner().invoke(app, [*words, "--from", "review"])
    assert "ran review, report (" in after.stderr


def test_a_stage_that_does_not_exist_is_an_error(recipe, tmp_path):
    words = ["run", str(recipe), "--run", str(tmp_path / "run"), "--only", "dance"]
    assert isinstance(CliRunner().invoke(app, words).exception, RecipeError)
