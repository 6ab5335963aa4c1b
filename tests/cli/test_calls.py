import json

from typer.testing import CliRunner

from qantara.cli.main import app


def test_a_runs_calls_become_a_recording_that_repeats_the_run_without_a_server(tiny_recipe, server, tmp_path):
    settings = {"mix": None, "train": None, "evaluate": None}
    recipe = tiny_recipe(server.url, **settings)
    first = CliRunner().invoke(app, ["run", str(recipe), "--run", str(tmp_path / "first")])
    assert first.exit_code == 0
    calls = len(server.bodies)
    out = CliRunner().invoke(app, ["calls", "export", str(tmp_path / "first"), str(tmp_path / "calls.jsonl")])
    assert out.stdout.startswith(f"{calls} calls in")
    assert json.loads((tmp_path / "calls.jsonl").read_text(encoding="utf-8").splitlines()[0])["response"]["text"]
    model = {"backend": "recorded", "file": "calls.jsonl", "model": "tiny-translator"}
    recipe = tiny_recipe(translate={"model": model, "batch_records": 8, "max_rounds": 1, "audit_rate": 0}, **settings)
    second = CliRunner().invoke(app, ["run", str(recipe), "--run", str(tmp_path / "second")])
    assert second.exit_code == 0, second.exception
    assert len(server.bodies) == calls
    kept = [(tmp_path / name / "review" / "kept.parquet").read_bytes() for name in ("first", "second")]
    assert kept[0] == kept[1]
