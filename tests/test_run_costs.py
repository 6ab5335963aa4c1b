"""The cost of a run folder: where its ledger and its prices are found, and the table as people read it."""

import json

import pytest

from qantara.errors import RecipeError, StoreError
from qantara.ledger import open_ledger, transaction
from qantara.llm.call_rows import Asked, end_of_try
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Message, Request, Response, call_key
from qantara.run_costs import as_table, costs_of
from qantara.store import write_json

PRICES = "prices:\n  - {model: big, from: 2020-01-01, input: 2, output: 10}\n"


def asked(text, model="big", backend="endpoint", **changes):
    request = Request(model=model, messages=(Message("user", text),), max_tokens=5)
    settings = {"key": call_key(request), "request": request, "purpose": "translate", "round_number": 0}
    return Asked(**(settings | {"backend": backend} | changes))


def keep(ledger, one, prompt_tokens=1_000_000, completion_tokens=50_000, reason="stop"):
    ledger.note_sent([one])
    counts = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
    ledger.store(one, Response(text="t", finish_reason=reason, model="x", seconds=1.0, **counts))


def lose(ledger, one, fault=None):
    ledger.note_sent([one])
    if fault:
        with transaction(ledger.engine) as connection:
            connection.execute(end_of_try(one.key, fault))


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    write_json(folder / "recipe.json", {"name": "r", "ledger": None})
    return folder


@pytest.fixture
def ledger(run):
    kept = CallLedger(open_ledger(run / "ledger.sqlite"))
    yield kept
    kept.engine.dispose()


def table(run, prices=None):
    return as_table(costs_of(run, prices)).splitlines()


def test_a_table_is_read_at_a_glance(run, ledger):
    (run / "prices.yaml").write_text(PRICES, "utf-8")
    keep(ledger, asked("a"))
    keep(ledger, asked("b"))
    keep(ledger, asked("c", round_number=1))
    keep(ledger, asked("d", purpose="judge"), 1000, 10)
    assert table(run) == [
        "model  stage      round  calls  prompt tokens  answer tokens     USD",
        "--------------------------------------------------------------------",
        "big    judge          0      1          1,000             10  0.0021",
        "big    translate      0      2      2,000,000        100,000  5.0000",
        "big    translate      1      1      1,000,000         50,000  2.5000",
        "--------------------------------------------------------------------",
        "total                        4      3,001,000        150,010  7.5021",
    ]


def test_what_is_not_known_is_said_and_is_not_zero(run, ledger):
    keep(ledger, asked("a"))
    keep(ledger, asked("b", model="small"), prompt_tokens=None)
    keep(ledger, asked("c", model="path:here", backend="local"))
    lines = table(run)
    assert [line.split()[-1] for line in lines[2:5]] == ["unpriced", "free", "unpriced"]
    assert "not told" in lines[4]
    assert lines[6].endswith("not known")
    assert lines[-1] == "unpriced: the model is in no price list (--prices); its cost is not known, not zero"
    assert (
        "not in the table: 1 sendings that may be billed and whose tokens nobody told: its cost is not known" in lines
    )


def test_a_run_of_local_models_is_free(run, ledger):
    keep(ledger, asked("c", model="path:here", backend="local"))
    lose(ledger, asked("d", model="path:here", backend="local"))
    lines = table(run)
    assert lines[4].split()[-1] == "free"
    assert not [line for line in lines if "not in the table" in line]


def test_tries_without_an_answer_are_told_with_what_they_cost_at_most(run, ledger):
    (run / "prices.yaml").write_text(PRICES, "utf-8")
    keep(ledger, asked("a"))
    for fault in ("timeout", "timeout", "rate_limited", None):
        lose(ledger, asked("b"), fault)
    assert table(run)[-3:] == [
        "1 calls were sent and never answered (the process was stopped): may be billed",
        "tries that failed: rate_limited 1, timeout 2; 2 of them may be billed",
        "not in the table: 3 sendings that may be billed and whose tokens nobody told: 0.0003 USD at most",
    ]


def test_plain_values_hold_all_of_it_with_exact_money(run, ledger, tmp_path):
    (tmp_path / "mine.yaml").write_text(PRICES, "utf-8")
    keep(ledger, asked("a"), 1, 1)
    keep(ledger, asked("b", model="small"))
    lose(ledger, asked("c"), "timeout")
    told = json.loads(json.dumps(costs_of(run, tmp_path / "mine.yaml").as_json()))
    assert [(line["model"], line["usd"], line["pricing"]) for line in told["lines"]] == [
        ("big", "0.000012", "priced"),
        ("small", None, "unpriced"),
    ]
    assert told["total"] == {"calls": 2, "prompt_tokens": 1_000_001, "completion_tokens": 50_001, "usd": None}
    assert (told["interrupted"], told["failed_tries"]) == (0, {"timeout": 1})
    assert told["unsettled_usd_at_most"] == "0.000116"
    assert told["unsettled"][0]["tries"] == 1


def test_what_the_server_turned_down_costs_nothing(run, ledger):
    keep(ledger, asked("a"), None, None, "bad_request")
    assert table(run)[-1].split() == ["total", "0", "0", "0", "free"]


def test_a_ledger_elsewhere_is_found(tmp_path, ledger_url):
    run = tmp_path / "other"
    write_json(run / "recipe.json", {"ledger": ledger_url})
    other = CallLedger(open_ledger(ledger_url))
    keep(other, asked("a"))
    other.engine.dispose()
    assert costs_of(run, None).lines[0].calls == 1
    assert not (run / "ledger.sqlite").exists()


def test_a_folder_that_is_no_run_is_one_line_and_nothing_is_made_in_it(tmp_path):
    with pytest.raises(StoreError, match=r"no run folder: it has no recipe\.json"):
        costs_of(tmp_path, None)
    write_json(tmp_path / "recipe.json", {"ledger": None})
    with pytest.raises(StoreError, match="has no ledger: its recipe was never run there"):
        costs_of(tmp_path, None)
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.json"]


def test_a_price_list_that_is_not_there_is_one_of_ours(run, ledger, tmp_path):
    with pytest.raises(RecipeError, match="not there"):
        costs_of(run, tmp_path / "absent.yaml")
