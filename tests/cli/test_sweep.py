"""The command as people call it, killed and called again; what a sweep finds is in `tests/sweep`."""

import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.errors import RecipeError


@pytest.fixture
def recipe(tiny_recipe, tiny_model):
    """Return a sweep of one arm in one language."""
    train = {"model": f"path:{tiny_model}", "quantization": "none", "dtype": "float32", "adapter": {"experts": False}}
    train |= {"batch_tokens": 128, "micro_batch_tokens": 128, "max_tokens": 128, "checkpoint_every_steps": 1}
    left_out = {"translate": None, "benchmark": None, "evaluate": None}
    return tiny_recipe(
        mix={"budget_tokens": 2000, "max_tokens": 128, "max_epochs": 9, "validation_share": 0.2},
        train=train,
        sweep={"ratios": [{"en": 1}], "seeds": [7]},
        **left_out,
    )


def wait_until(condition, seconds=120):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


@pytest.mark.smoke
def test_a_sweep_that_was_killed_goes_on_and_a_failing_arm_is_status_1(recipe, tmp_path):
    words = ["sweep", str(recipe), "--run", str(tmp_path / "run")]
    arm = tmp_path / "run" / "sweep" / "arms" / "en100-lr0.0002-seed7"
    process = subprocess.Popen([sys.executable, "-m", "qantara", *words], stderr=subprocess.PIPE, env=dict(os.environ))
    wait_until((arm / "train" / "checkpoint.pt").exists)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (arm / "result.json").exists()

    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.exception
    assert done.stdout.strip() == str(tmp_path / "run" / "sweep" / "index.html")
    assert "There was one seed: there are no intervals" in done.stderr
    assert "training goes on from step" in (arm / "log.txt").read_text(encoding="utf-8")

    (arm / "result.json").unlink()
    (arm / "train" / "summary.json").unlink()
    (arm / "order.parquet").write_bytes(b"not Parquet")
    failed = CliRunner().invoke(app, words)
    assert failed.exit_code == 1
    assert f"{arm.name} failed: qantara: " in failed.stderr
    assert failed.stdout == done.stdout


def test_a_recipe_without_a_sweep_is_told_what_is_missing(tiny_recipe, tmp_path):
    words = ["sweep", str(tiny_recipe()), "--run", str(tmp_path / "run")]
    found = CliRunner().invoke(app, words).exception
    assert isinstance(found, RecipeError)
    assert "sweep: is missing" in str(found)
