"""The caller: each distinct call once, every answer kept before anything can go wrong after it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from qantara.errors import CallError
from qantara.ledger import open_ledger
from qantara.llm.caller import Caller
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Message, Request, Response, call_key
from qantara.llm.recorded import RecordedBackend, call_record
from qantara.store import write_jsonl


def request(text):
    return Request(model="m", messages=(Message("user", text),), max_tokens=5)


def response(text):
    return Response(text=text, finish_reason="stop", prompt_tokens=1, completion_tokens=1, model="m", seconds=0.0)


class Reversed:
    """A backend whose answers arrive last first, as answers of a busy server may."""

    name = "reversed"

    def complete(self, requests: Iterable[Request]) -> Iterator[tuple[int, Response]]:
        listed = [one.messages[0].content for one in requests]
        yield from ((position, response(listed[position])) for position in reversed(range(len(listed))))


@pytest.fixture
def ledger(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    yield CallLedger(engine)
    engine.dispose()


def recording(path: Path, *texts: str) -> RecordedBackend:
    write_jsonl(path, [call_record(request(text), response(text)) for text in texts])
    return RecordedBackend(path)


def test_answers_come_in_the_order_of_the_requests(ledger):
    caller = Caller(Reversed(), ledger)
    assert [answer.text for answer in caller.complete([request(t) for t in "abc"], "translate")] == ["a", "b", "c"]


def test_the_same_request_is_sent_once_and_a_known_one_never(ledger):
    caller = Caller(Reversed(), ledger)
    caller.complete([request("a"), request("a")], "translate")
    assert (caller.sent, caller.hits) == (1, 1)
    answers = caller.complete([request("b"), request("a"), request("b")], "judge")
    assert [answer.text for answer in answers] == ["b", "a", "b"]
    assert (caller.sent, caller.hits) == (2, 3)
    assert [(total.purpose, total.calls) for total in ledger.totals()] == [("judge", 1), ("translate", 1)]


def test_nothing_to_ask_asks_nobody(ledger, tmp_path):
    assert Caller(RecordedBackend(tmp_path / "absent.jsonl"), ledger).complete([], "translate") == []


def test_answers_that_arrived_before_a_failure_are_kept_and_the_failed_call_is_told(ledger, tmp_path):
    caller = Caller(recording(tmp_path / "calls.jsonl", "a", "b"), ledger)
    with pytest.raises(CallError, match="no recorded answer"):
        caller.complete([request(t) for t in ("a", "b", "missing", "never reached")], "translate")
    assert set(ledger.find(map(call_key, map(request, "ab")))) == set(map(call_key, map(request, "ab")))
    assert ledger.interrupted() == 1
