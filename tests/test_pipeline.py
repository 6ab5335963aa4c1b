"""Whole runs of the tiny recipe: a real HTTP server translates, a real (tiny) model is upcycled, trained and evaluated."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from rich.console import Console

from qantara.errors import DataError, RecipeError
from qantara.ledger import open_ledger
from qantara.llm.calls import CallLedger
from qantara.pipeline import open_pipeline
from qantara.records import Example, LossPoint, Prediction, Sample
from qantara.run_recipe import check_stage
from qantara.store import read_json

pytestmark = pytest.mark.smoke
STAGES = ("sources", "benchmark", "curate", "translate", "review", "mix", "train", "evaluate", "report")
CONSOLE = Console(quiet=True)


def start(recipe, folder, *options):
    command = [sys.executable, "-m", "qantara", "run", str(recipe), "--run", str(folder), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def end(process):
    """Wait for the process; return its exit status and what it said."""
    _, errors = process.communicate()
    return process.returncode, errors


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


def wait_for(condition, process, seconds=120):
    limit = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_a_whole_run_leaves_everything_and_a_second_does_nothing(tiny_recipe, server, tmp_path):
    recipe = tiny_recipe(server.url)
    pipeline = open_pipeline(recipe, [], tmp_path / "run", CONSOLE)
    assert tuple(pipeline.run()) == STAGES
    folder = pipeline.run_folder
    summaries = {stage: folder.summary(stage) for stage in STAGES}
    assert summaries["curate"]["in"] == summaries["curate"]["kept"] == 24
    assert summaries["translate"]["in"] == 24
    assert summaries["review"]["reasons"] == {"awaits_review": 1}
    assert summaries["translate"]["details"]["mended_by_retranslation"] == 1
    assert summaries["mix"]["in"] == 24 + 23
    audit = summaries["train"]["details"]["audit"]
    assert {group: counts["moved"] for group, counts in audit.items()} == {g: c["tensors"] for g, c in audit.items()}
    assert {"attention", "experts", "router"} <= set(audit)
    details = summaries["train"]["details"]
    assert details["expert_bytes"] <= 0.30 * details["expert_bytes_in_bf16"]
    assert {point.language for point in folder.kept("train", LossPoint)} >= {"en", "ar"}
    assert len(list(folder.kept("evaluate", Prediction))) == 6 * 2 * 2 * 3
    page = (folder.path / "report" / "index.html").read_text(encoding="utf-8")
    assert 'dir="rtl"' in page
    assert summaries["translate"]["details"]["calls"] == {"interrupted": 0, "failed_tries": {}}
    assert read_json(folder.path / "provenance.json")["models"]
    families = {}
    for sample in folder.kept("mix", Sample):
        families.setdefault(sample.family, set()).add(sample.fold)
    assert all(len(folds) == 1 for folds in families.values())

    calls = len(server.bodies)
    assert open_pipeline(recipe, [], tmp_path / "run", CONSOLE).run() == []
    assert len(server.bodies) == calls


def test_a_changed_setting_repeats_its_stage_and_what_follows_from_it_alone(tiny_recipe, server, tmp_path):
    recipe = tiny_recipe(server.url, mix=None, train=None, evaluate=None)
    open_pipeline(recipe, [], tmp_path / "run", CONSOLE).run()
    calls = len(server.bodies)
    again = open_pipeline(recipe, ["translate.resamples=1"], tmp_path / "run", CONSOLE)
    assert again.run() == ["translate"]
    assert len(server.bodies) == calls
    assert open_pipeline(recipe, ["translate.audit_rate=1"], tmp_path / "run", CONSOLE).run()[0] == "translate"


def test_one_stage_or_all_from_one_can_be_repeated(tiny_recipe, server, tmp_path):
    recipe = tiny_recipe(server.url, mix=None, train=None, evaluate=None)
    pipeline = open_pipeline(recipe, [], tmp_path / "run", CONSOLE)
    assert pipeline.run() == ["sources", "benchmark", "curate", "translate", "review", "report"]
    assert pipeline.run(["curate"], only="curate") == ["curate"]
    assert pipeline.run(["review", "report"]) == ["review", "report"]
    with pytest.raises(RecipeError, match=r"no stage 'train'; this recipe has: sources"):
        check_stage(pipeline.recipe, recipe, "train")


@pytest.mark.parametrize("moment", [3, 11, 19])
def test_a_kill_during_translate_loses_nothing_and_pays_for_no_answered_call_twice(
    tiny_recipe, slow_server, tmp_path, moment
):
    recipe = tiny_recipe(slow_server.url, mix=None, train=None, evaluate=None)
    process = start(recipe, tmp_path / "run")
    wait_for(lambda: len(slow_server.bodies) >= moment, process)
    kill(process)
    ledger = CallLedger(open_ledger(tmp_path / "run" / "ledger.sqlite"))
    answered_before = sum(total.calls for total in ledger.totals())
    time.sleep(0.2)
    sent_before = len(slow_server.bodies)
    status, said = end(start(recipe, tmp_path / "run"))
    assert status == 0
    twice = [body for body, times in Counter(slow_server.bodies).items() if times > 1]
    assert sent_before - answered_before == len(twice)
    lost = ledger.interrupted()
    assert len(twice) <= lost <= 2  # what was noted as sent may not have reached the server
    assert (f"{lost} calls were sent and not answered" in said) == bool(lost)
    undisturbed = open_pipeline(recipe, [], tmp_path / "other", CONSOLE)
    undisturbed.run()
    resumed = open_pipeline(recipe, [], tmp_path / "run", CONSOLE)
    assert resumed.run() == []
    assert list(resumed.run_folder.kept("review", Example)) == list(undisturbed.run_folder.kept("review", Example))


def test_a_kill_during_train_goes_on_from_the_checkpoint(tiny_recipe, server, tmp_path):
    recipe = tiny_recipe(server.url)
    options = ("--set", "mix.max_epochs=8")
    process = start(recipe, tmp_path / "run", *options)
    wait_for((tmp_path / "run" / "train" / "checkpoint.pt").exists, process)
    kill(process)
    calls = len(server.bodies)
    status, errors = end(start(recipe, tmp_path / "run", *options))
    assert status == 0, errors
    assert len(server.bodies) == calls
    assert (tmp_path / "run" / "report" / "index.html").exists()
    assert "evaluate" in errors
    assert not (tmp_path / "run" / "train" / "kept.parquet.part").exists()


def test_an_interrupt_in_any_stage_is_one_line_and_the_next_run_goes_on(tiny_recipe, slow_server, tmp_path):
    recipe = tiny_recipe(slow_server.url, mix=None, train=None, evaluate=None)
    process = start(recipe, tmp_path / "run")
    wait_for(lambda: len(slow_server.bodies) >= 5, process)
    process.send_signal(signal.SIGINT)
    status, errors = end(process)
    assert status == 130
    assert errors.strip().splitlines()[-1].startswith("qantara: interrupted; what is done is kept")
    assert "Traceback" not in errors
    assert end(start(recipe, tmp_path / "run"))[0] == 0


def test_the_resolved_recipe_is_kept_with_its_overrides_and_without_keys(tiny_recipe, server, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key-of-mine")
    recipe = tiny_recipe(server.url, mix=None, train=None, evaluate=None)
    open_pipeline(recipe, ["translate.max_rounds=2"], tmp_path / "run", CONSOLE).run()
    kept = json.loads((tmp_path / "run" / "recipe.json").read_text(encoding="utf-8"))
    assert kept["translate"]["max_rounds"] == 2
    for path in (tmp_path / "run").rglob("*"):
        if path.is_file():
            assert b"secret-key-of-mine" not in path.read_bytes(), path


def test_a_glossary_that_is_not_there_is_one_line_and_an_edited_one_repeats_translate(tiny_recipe, server, tmp_path):
    recipe = tiny_recipe(server.url, mix=None, train=None, evaluate=None)
    setting = ["translate.glossary=terms.tsv"]
    with pytest.raises(DataError, match=r"terms\.tsv: can't be read") as caught:
        open_pipeline(recipe, setting, tmp_path / "run", CONSOLE).run()
    assert "\n" not in str(caught.value)
    (tmp_path / "terms.tsv").write_text("fever\tحمى\n", encoding="utf-8")
    assert "translate" in open_pipeline(recipe, setting, tmp_path / "run", CONSOLE).run()
    calls = len(server.bodies)
    (tmp_path / "terms.tsv").write_text("fever\tحمى|سخونة\n", encoding="utf-8")
    assert open_pipeline(recipe, setting, tmp_path / "run", CONSOLE).run() == ["translate"]
    assert len(server.bodies) == calls  # no text has the term


def test_a_translation_into_its_own_language_is_refused(tiny_recipe, tmp_path):
    with pytest.raises(RecipeError, match="source_language and target_language are the same: en"):
        open_pipeline(tiny_recipe(target_language="en"), [], tmp_path / "run", CONSOLE)
