"""Bad input from the command line: one clear line each, exit status 1, nothing lost."""

import json
import os
import subprocess
import sys

import pytest


def run(recipe, *options):
    command = [sys.executable, "-m", "qantara", "run", str(recipe), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 1
    return done.stderr[done.stderr.index("qantara: ") :].strip()


@pytest.fixture
def short(tiny_recipe):
    """Return a function that writes a recipe that ends after review."""
    return lambda url=None, **changes: tiny_recipe(url, mix=None, train=None, evaluate=None, **changes)


def test_three_faults_in_a_recipe_are_all_named_with_their_lines(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(
        "name: x\nsources:\n  - reader: pigeon\nseed: many\ntranslate:\n"
        "  model: {backend: recorded, file: c.jsonl, model: m}\n  treshold: 9\n",
        encoding="utf-8",
    )
    message = run(path)
    assert len(message.splitlines()) == 4
    for line in ("line 3: sources.0", "line 4: seed", "line 7: translate.treshold: no such setting"):
        assert line in message


def test_a_truncated_line_is_named_with_file_and_number(short, tmp_path):
    recipe = short()
    text = (tmp_path / "items.jsonl").read_text(encoding="utf-8")
    (tmp_path / "items.jsonl").write_text(text[:-30], encoding="utf-8")
    message = run(recipe, "--run", str(tmp_path / "run"))
    assert len(message.splitlines()) == 1
    assert "items.jsonl" in message
    assert "line 24" in message or ":24" in message or "24" in message


def test_a_column_that_is_not_there_is_named_with_those_that_are(short, tmp_path):
    source = {
        "reader": "jsonl",
        "path": "items.jsonl",
        "mapping": {"kind": "answer", "question": "question", "answer": "reply"},
    }
    message = run(short(sources=[source]), "--run", str(tmp_path / "run"))
    assert len(message.splitlines()) == 1
    assert "reply" in message
    assert "specialty" in message


def test_an_endpoint_that_can_not_be_reached_is_one_line_and_what_was_done_stays(short, server, tmp_path):
    recipe = short("http://127.0.0.1:9/v1")
    message = run(recipe, "--run", str(tmp_path / "run"))
    assert len(message.splitlines()) == 1
    assert "http://127.0.0.1:9/v1" in message
    assert (tmp_path / "run" / "curate" / "summary.json").exists()
    command = [sys.executable, "-m", "qantara", "run", str(recipe), "--run", str(tmp_path / "run")]
    mended = subprocess.run(
        [*command, "--set", f"translate.model.url={server.url}"],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert mended.returncode == 0, mended.stderr
    assert "sources" not in mended.stderr.splitlines()[0]


def test_a_recorded_call_that_is_missing_is_named(short, tmp_path):
    (tmp_path / "calls.jsonl").write_text("", encoding="utf-8")
    model = {"backend": "recorded", "file": "calls.jsonl", "model": "m"}
    message = run(short(translate={"model": model}), "--run", str(tmp_path / "run"))
    assert len(message.splitlines()) == 1
    assert "no recorded answer for call" in message
    assert "calls.jsonl" in message


def test_no_disk_space_for_a_stages_output_is_one_line_and_the_next_run_goes_on(short, server, tmp_path):
    recipe = short(server.url)
    stage = tmp_path / "run" / "translate"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text('{"recipe": "tiny"}', encoding="utf-8")
    stage.mkdir()
    (stage / "kept.parquet.part").symlink_to("/dev/full")
    message = run(recipe, "--run", str(tmp_path / "run"))
    assert len(message.splitlines()) == 1
    assert "no disk space left" in message
    command = [sys.executable, "-m", "qantara", "run", str(recipe), "--run", str(tmp_path / "run")]
    assert subprocess.run(command, capture_output=True, check=False, env=dict(os.environ)).returncode == 0
    assert len(server.bodies) == len(set(server.bodies))


def test_a_run_folder_of_another_recipe_is_refused(short, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text('{"recipe": "somebody-else"}', encoding="utf-8")
    message = run(short(), "--run", str(tmp_path / "run"))
    assert len(message.splitlines()) == 1
    assert "somebody-else" in message
    assert json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8")) == {"recipe": "somebody-else"}


def test_a_message_never_holds_the_text_of_a_record(short, tmp_path):
    recipe = short()
    (tmp_path / "items.jsonl").write_text(
        '{"key": "1", "kind": "answer", "question": "Jane Doe has HIV', encoding="utf-8"
    )
    assert "Jane" not in run(recipe, "--run", str(tmp_path / "run"))
