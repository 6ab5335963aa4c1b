import json

from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.errors import StoreError
from qantara.ledger import open_ledger
from qantara.llm.call_rows import Asked
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Message, Request, Response, call_key
from qantara.store import write_json

PRICE = "prices: [{model: m, from: 2020-01-01, input: 1, output: 2}]"


def test_a_run_tells_its_cost_by_its_own_prices_or_by_others_as_a_table_or_json(tmp_path):
    run = tmp_path / "run"
    write_json(run / "recipe.json", {"ledger": None})
    (run / "prices.yaml").write_text(PRICE, "utf-8")
    (tmp_path / "none.yaml").write_text("prices: []", "utf-8")
    ledger = CallLedger(open_ledger(run / "ledger.sqlite"))
    request = Request(model="m", messages=(Message("user", "q"),), max_tokens=5)
    asked = Asked(key=call_key(request), request=request, purpose="judge", round_number=1, backend="endpoint")
    answer = Response(text="t", finish_reason="stop", prompt_tokens=50, completion_tokens=7, model="m", seconds=0.1)
    ledger.store(asked, answer)
    ledger.engine.dispose()

    table = CliRunner().invoke(app, ["cost", str(run)])
    assert table.exit_code == 0, table.exception
    assert table.stdout.splitlines()[2].split() == ["m", "judge", "1", "1", "50", "7", "0.0001"]
    told = json.loads(CliRunner().invoke(app, ["cost", str(run), "--json"]).stdout)
    assert told["total"] == {"calls": 1, "prompt_tokens": 50, "completion_tokens": 7, "usd": "0.000064"}
    other = CliRunner().invoke(app, ["cost", str(run), "--prices", str(tmp_path / "none.yaml")])
    assert "unpriced" in other.stdout.splitlines()[2]


def test_a_folder_that_is_no_run_is_an_error_of_ours(tmp_path):
    assert isinstance(CliRunner().invoke(app, ["cost", str(tmp_path)]).exception, StoreError)
