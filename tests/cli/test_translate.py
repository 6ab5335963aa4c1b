"""The command as people call it; what comes out of a file is in `tests/test_file_translation.py`."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.errors import BudgetError, RecipeError
from qantara.ledger import open_ledger
from qantara.llm.calls import CallLedger


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "items.jsonl"
    rows = [
        {"id": str(i), "question": f"How much of drug {i} is given?", "answer": f"Take {i} mg daily."}
        for i in range(11, 31)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def arguments(file, server, *options):
    given = ["translate", str(file), "--run", str(file.parent / "run"), "--endpoint", server.url, "--model", "m"]
    return [*given, "--no-meaning", *options]


def translate(file, server, *options):
    return CliRunner().invoke(app, arguments(file, server, *options))


def start(file, server, *options):
    command = [sys.executable, "-m", "qantara", *arguments(file, server, *options)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def end(process):
    _, said = process.communicate()
    return process.returncode, said.splitlines()


def wait_for_calls(server, count, process):
    limit = time.monotonic() + 60
    while len(server.bodies) < count:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < limit
        time.sleep(0.005)


def test_a_person_sees_counts_and_where_the_output_is_and_that_a_second_run_sends_nothing(file, server):
    done = translate(file, server)
    assert done.exit_code == 0, done.exception
    path = file.parent / "run" / "translations.jsonl"
    assert done.stdout == f"{path}\n"
    assert len(path.read_text(encoding="utf-8").splitlines()) == 20
    assert done.stderr.splitlines()[-1].startswith("19 accepted, 1 waits, 0 rejected; report ")
    asked = len(server.bodies)
    again = translate(file, server)
    assert again.stdout == done.stdout
    assert again.stderr.splitlines()[0] == (
        "nothing to do: every record is done with these settings, and no call was sent"
    )
    assert len(server.bodies) == asked
    for text in ("drug", "الدواء"):
        assert text not in done.stderr + again.stderr


def test_a_judge_that_is_the_translator_is_warned_of_and_another_one_is_not(file, server):
    warning = "the judge is the model that translates: it will not see its own errors"
    file.write_text(file.read_text(encoding="utf-8").splitlines()[0], encoding="utf-8")
    assert warning in translate(file, server, "--judge-model", "m").stderr
    told = translate(file, server, "--judge-model", "j").stderr
    assert warning not in told
    assert "no judge" not in told
    assert "there is no judge: the checks see numbers" in translate(file, server).stderr


def test_wrong_options_are_told_before_anything_is_sent(file, server):
    done = translate(file, server, "--to", "xx")
    assert isinstance(done.exception, RecipeError)
    assert "language 'xx' is not known" in str(done.exception)
    assert not server.bodies
    assert not (file.parent / "run").exists()


def test_a_budget_ends_with_one_line_and_status_1_and_a_higher_one_goes_on(file, server):
    error = translate(file, server, "--budget-tokens", "1").exception
    assert isinstance(error, BudgetError)
    most_a_call = int(re.search(r"the next call can take ([\d,]+);", str(error))[1].replace(",", ""))
    assert not server.bodies
    status, said = end(start(file, server, "--budget-tokens", str(most_a_call + 100)))  # a call takes 12 in the end
    assert 5 <= len(server.bodies) <= 9
    (line,) = [line for line in said if line.startswith("qantara: ")]
    assert (status, said[-1]) == (1, line)
    assert " of 20 records are done, " in line
    assert " are left: " in line
    cost = CliRunner().invoke(app, ["cost", str(file.parent / "run")])
    assert cost.exit_code == 0, cost.exception
    assert f"{len(server.bodies):,}" in cost.stdout
    assert "unpriced" in cost.stdout
    assert translate(file, server, "--budget-tokens", "1000000").exit_code == 0
    assert max(Counter(server.bodies).values()) == 1


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_what_is_stopped_goes_on_and_pays_only_for_what_was_in_flight(file, slow_server, ending):
    process = start(file, slow_server, "--concurrency", "3")
    wait_for_calls(slow_server, 9, process)
    process.send_signal(ending)
    status, said = end(process)
    assert status == (-9 if ending == signal.SIGKILL else 130)
    assert not said or "Traceback" not in "".join(said)
    time.sleep(0.2)
    again = translate(file, slow_server, "--concurrency", "3")
    assert again.exit_code == 0, again.exception
    assert again.stderr.splitlines()[-1].startswith("19 accepted, 1 waits, 0 rejected")
    twice = [body for body, count in Counter(slow_server.bodies).items() if count > 1]
    interrupted = CallLedger(open_ledger(file.parent / "run" / "ledger.sqlite")).interrupted()
    assert len(twice) <= interrupted <= 3  # what was noted as sent may not have reached the server
    assert (f"{interrupted} calls were sent and not answered" in again.stderr) == bool(interrupted)
