import json

from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.errors import StoreError
from qantara.ledger import open_ledger
from qantara.llm.call_rows import Asked
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Message, Request, Response, call_key
from qantara.store import write_json

SETTINGS = {"mix": None, "train": None, "evaluate": None}


def test_a_runs_calls_become_a_recording_that_repeats_the_run_without_a_server(tiny_recipe, server, tmp_path):
    (tmp_path / "prices.yaml").write_text("prices: [{model: tiny-translator, from: 2020-01-01, input: 1, output: 2}]")
    recipe = tiny_recipe(server.url, budget={"prices": "prices.yaml"}, **SETTINGS)
    first = CliRunner().invoke(app, ["run", str(recipe), "--run", str(tmp_path / "first")])
    assert first.exit_code == 0
    calls = len(server.bodies)
    cost = json.loads(CliRunner().invoke(app, ["cost", str(tmp_path / "first"), "--json"]).stdout)
    usd = f"{calls * 19 / 1_000_000:.6f}"
    assert cost["total"] == {"calls": calls, "prompt_tokens": 5 * calls, "completion_tokens": 7 * calls, "usd": usd}
    out = CliRunner().invoke(app, ["calls", "export", str(tmp_path / "first"), str(tmp_path / "calls.jsonl")])
    assert out.stdout.startswith(f"{calls} calls in")
    assert json.loads((tmp_path / "calls.jsonl").read_text(encoding="utf-8").splitlines()[0])["response"]["text"]
    model = {"backend": "recorded", "file": "calls.jsonl", "model": "tiny-translator"}
    recipe = tiny_recipe(translate={"model": model, "batch_records": 8, "max_rounds": 1, "audit_rate": 0}, **SETTINGS)
    second = CliRunner().invoke(app, ["run", str(recipe), "--run", str(tmp_path / "second")])
    assert second.exit_code == 0, second.exception
    assert len(server.bodies) == calls
    kept = [(tmp_path / name / "review" / "kept.parquet").read_bytes() for name in ("first", "second")]
    assert kept[0] == kept[1]


def folder_with_refusals(tmp_path, ledger_url):
    """Make a run folder whose ledger is elsewhere and holds two refusals and an answer."""
    write_json(tmp_path / "run" / "recipe.json", {"ledger": ledger_url})
    ledger = CallLedger(open_ledger(ledger_url))
    for text, reason in (("a", "bad_request"), ("b", "context_overflow"), ("c", "stop")):
        request = Request(model="m", messages=(Message("user", text),), max_tokens=5)
        one = Asked(key=call_key(request), request=request, purpose="translate", round_number=0, backend="endpoint")
        answer = Response(
            text="", finish_reason=reason, prompt_tokens=None, completion_tokens=None, model="m", seconds=0.1
        )
        ledger.note_sent([one])
        ledger.store(one, answer)
    return tmp_path / "run", ledger


def test_an_export_is_of_the_ledger_that_the_recipe_names(tmp_path, ledger_url):
    run, ledger = folder_with_refusals(tmp_path, ledger_url)
    out = CliRunner().invoke(app, ["calls", "export", str(run), str(tmp_path / "calls.jsonl.gz")])
    assert out.stdout.startswith("3 calls in")
    assert not (run / "ledger.sqlite").exists()
    ledger.engine.dispose()


def test_refusals_are_forgotten_by_their_kind_and_answers_never(tmp_path, ledger_url):
    run, ledger = folder_with_refusals(tmp_path, ledger_url)
    out = CliRunner().invoke(app, ["calls", "forget", str(run)])
    assert out.stdout.startswith("1 calls forgotten; run the recipe with --from")
    assert ledger.failed_tries() == {"bad_request": 1}
    again = CliRunner().invoke(app, ["calls", "forget", str(run), "--outcome", "bad_request"])
    assert again.stdout.startswith("0 calls forgotten")
    assert (
        CliRunner().invoke(app, ["calls", "forget", str(run), "--outcome", "context_overflow"]).stdout.startswith("1 ")
    )
    assert CliRunner().invoke(app, ["calls", "forget", str(run), "--outcome", "stop"]).exit_code == 2
    assert ledger.totals()[0].calls == 1
    ledger.engine.dispose()


def test_a_folder_that_is_no_run_is_an_error_of_ours_and_stays_as_it_was(tmp_path):
    for command in (["export", str(tmp_path), str(tmp_path / "out.jsonl")], ["forget", str(tmp_path)]):
        assert isinstance(CliRunner().invoke(app, ["calls", *command]).exception, StoreError)
    assert list(tmp_path.iterdir()) == []
