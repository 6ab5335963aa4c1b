"""Receipts: the newest batch of every unanswered call, by server; what never ran or has its answer is not looked for."""

import dataclasses

import sqlalchemy as sa

from qantara.ledger import open_ledger, transaction
from qantara.llm.batch_receipts import BATCH_CALL, Receipt, Receipts, new_receipt
from qantara.llm.call_rows import Asked
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Message, Request, Response, call_key

URL = "http://127.0.0.1:1/v1"


def request(text: str) -> Request:
    return Request(model="m", messages=(Message("user", text),), max_tokens=9)


def plan(receipts: Receipts, keys, planned_at: float) -> Receipt:
    receipt = dataclasses.replace(new_receipt(), planned_at=planned_at)
    receipts.plan(receipt, keys)
    return receipt


def store(ledger: CallLedger, asked: Request) -> None:
    one = Asked(key=call_key(asked), request=asked, purpose="translate", round_number=0, backend="batch")
    answer = Response(text="a", finish_reason="stop", prompt_tokens=1, completion_tokens=1, model="m", seconds=0.0)
    ledger.store(one, answer)


def test_unanswered_calls_are_found_by_key_with_their_newest_batch(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    ledger, receipts = CallLedger(engine), Receipts(engine, URL)
    assert receipts.unanswered() == {}
    one, two, three = (call_key(request(text)) for text in "abc")
    first = plan(receipts, [one, two, three], 100.0)
    receipts.note(first.id, "created", "batch_1")
    second = plan(receipts, [two], 200.0)
    store(ledger, request("c"))
    found = receipts.unanswered()
    assert {
        key: (receipt.id, receipt.state, receipt.batch_id, receipt.planned_at) for key, receipt in found.items()
    } == {
        one: (first.id, "created", "batch_1", 100.0),
        two: (second.id, "planned", None, 200.0),
    }
    engine.dispose()


def test_what_never_ran_and_what_went_to_another_server_is_left_out(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    CallLedger(engine)
    receipts, elsewhere = Receipts(engine, URL), Receipts(engine, "http://127.0.0.1:2/v1")
    assert receipts.unanswered() == {}
    receipts.note(plan(receipts, ["a"], 1.0).id, "never_ran")
    plan(elsewhere, ["b"], 2.0)
    kept = plan(receipts, ["c"], 3.0)
    receipts.note(kept.id, "cancelled")
    assert {key: receipt.state for key, receipt in receipts.unanswered().items()} == {"c": "cancelled"}
    engine.dispose()


def test_a_large_batch_is_one_receipt(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    CallLedger(engine)
    receipts = Receipts(engine, URL)
    receipts.unanswered()
    plan(receipts, (f"{i:032x}" for i in range(20_000)), 1.0)
    with transaction(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(BATCH_CALL)).scalar_one() == 20_000
    assert len({receipt.id for receipt in receipts.unanswered().values()}) == 1
    engine.dispose()


def test_a_slash_at_the_end_of_the_url_is_the_same_server(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    CallLedger(engine)
    assert Receipts(engine, URL).unanswered() == {}
    plan(Receipts(engine, URL), ["a"], 1.0)
    assert set(Receipts(engine, URL + "/").unanswered()) == {"a"}
    engine.dispose()
