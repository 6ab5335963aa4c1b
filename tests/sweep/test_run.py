"""A whole sweep: arms are real processes that train a model of two layers."""

import io

import pytest
from rich.console import Console

from qantara.store import read_json
from qantara.sweep.arm import LOG
from qantara.sweep.preparation import gather_inputs, prepare
from qantara.sweep.run import PAGE, RESULTS, open_sweep
from qantara.training_order import FILE as ORDER


def run(path, folder, *overrides):
    console = Console(file=io.StringIO(), width=200)
    outcome = open_sweep(path, overrides, folder, console).run()
    return outcome, console.file.getvalue()


@pytest.mark.smoke
def test_a_sweep_trains_and_evaluates_every_arm_and_a_second_time_does_nothing(sweep_recipe, tmp_path):
    changes = {"evaluate": {"quantization": "none"}, "benchmark": {"reader": "native", "path": "bench.jsonl"}}
    path = sweep_recipe({"parallel": 2, "ratios": [{"ar": 1, "en": 1}]}, **changes)
    outcome, said = run(path, tmp_path / "run")
    assert outcome.failed == [], said
    assert "2 arms, 0 of them done already" in said
    results = read_json(outcome.folder / RESULTS)
    (arm,) = results["arms"]
    assert (arm["share"], arm["seed"]) == (0.5, 0)
    assert results["base"]["items"] == {"en": 6, "ar": 6}
    assert set(arm["accuracies"]) == {"en", "ar"}
    assert all(arm["losses"][code] < results["base"]["losses"][code] for code in ("en", "ar"))
    assert (outcome.folder / PAGE).read_text(encoding="utf-8").count("<svg") == 2
    assert results["sentences"] == list(outcome.sentences)
    again, said = run(path, tmp_path / "run")
    assert "2 arms, 2 of them done already" in said
    assert "started" not in said
    assert again.sentences == outcome.sentences


def test_an_arm_that_fails_is_told_with_its_log(sweep_recipe, tmp_path):
    path = sweep_recipe({"ratios": [{"ar": 1, "en": 1}]})
    sweep = open_sweep(path, [], tmp_path / "run", Console(file=io.StringIO(), width=400))
    sweep.pipeline.run(until="curate")
    (folder,) = prepare(sweep.pipeline, gather_inputs(sweep.pipeline, sweep.recipe))
    (folder / ORDER).write_bytes(b"not Parquet")
    outcome = sweep.run()
    assert outcome.failed == [folder]
    said = sweep.console.file.getvalue()
    assert f"{folder.name} failed: qantara: {folder / ORDER}: not a readable training order" in said
    assert str(folder / LOG) in said
    assert outcome.sentences[0] == f"1 arm failed and is left out: {folder.name}."
    assert "No arm has come to its end" in (outcome.folder / PAGE).read_text(encoding="utf-8")
