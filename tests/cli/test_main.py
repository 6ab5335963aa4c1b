import subprocess
import sys
import time

import pytest
import typer

from qantara.cli import main as cli
from qantara.errors import QantaraError


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["run", "--help"],
        ["review", "--help"],
        ["models", "--help"],
        ["calls", "--help"],
        ["audit", "--help"],
    ],
)
def test_help_is_there_for_every_command(words):
    done = subprocess.run([sys.executable, "-m", "qantara", *words], capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout


def test_help_answers_in_half_a_second():
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "qantara", "--help"], capture_output=True, check=True)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.5


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (QantaraError("mend this"), 1, "qantara: mend this\n"),
        (
            OSError(28, "No space left on device"),
            1,
            "qantara: no disk space left; make room and run the same command again\n",
        ),
    ],
)
def test_what_a_user_can_mend_is_a_line_and_a_status(monkeypatch, capsys, error, status, line):
    def fail():
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == status
    assert capsys.readouterr().err == line


def test_a_bug_keeps_its_traceback(monkeypatch):
    def fail():
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_the_application_is_made_of_thin_commands():
    assert isinstance(cli.app, typer.Typer)
