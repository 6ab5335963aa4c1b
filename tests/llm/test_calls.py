"""The ledger of calls: answers kept, sendings counted, totals that don't invent tokens, an export that answers the same."""

import pytest

from qantara.ledger import open_ledger
from qantara.llm.calls import CallLedger, CallTotal
from qantara.llm.interface import Message, Request, Response, call_key
from qantara.llm.recorded import RecordedBackend


def request(text="q", model="m"):
    return Request(model=model, messages=(Message("user", text),), max_tokens=5, stop=("\n",))


def response(text="جواب", prompt_tokens=3, completion_tokens=2):
    return Response(
        text=text,
        finish_reason="stop",
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        model="m-1",
        seconds=0.5,
    )


@pytest.fixture
def ledger(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    yield CallLedger(engine)
    engine.dispose()


def keep(ledger, asked, answer, purpose="translate"):
    ledger.note_sent([call_key(asked)])
    ledger.store(call_key(asked), asked, answer, purpose=purpose, backend="endpoint")


def test_what_was_stored_is_found_also_by_another_process(ledger, tmp_path):
    keep(ledger, request(), response())
    other = CallLedger(open_ledger(tmp_path / "ledger.sqlite"))
    assert other.find([call_key(request()), "0" * 32]) == {call_key(request()): response()}
    other.engine.dispose()


def test_more_keys_than_one_query_holds_are_found(ledger):
    asked = [request(str(i)) for i in range(3)]
    for one in asked:
        keep(ledger, one, response())
    many = [f"{i:032x}" for i in range(1200)]
    assert len(ledger.find([*many, *map(call_key, asked)])) == 3


def test_the_first_answer_to_a_call_stays(ledger):
    keep(ledger, request(), response("first"))
    keep(ledger, request(), response("second"))
    assert ledger.find([call_key(request())])[call_key(request())].text == "first"


def test_what_was_sent_and_never_answered_is_counted_also_after_it_was_asked_again(ledger):
    assert ledger.interrupted() == 0
    ledger.note_sent([])
    ledger.note_sent([call_key(request("a")), call_key(request("b"))])
    assert ledger.interrupted() == 2
    keep(ledger, request("a"), response())  # sent twice, answered once
    assert ledger.interrupted() == 2


def test_totals_are_by_purpose_model_and_backend_and_unknown_tokens_stay_unknown(ledger):
    keep(ledger, request("a"), response())
    keep(ledger, request("b"), response(prompt_tokens=4, completion_tokens=None))
    keep(ledger, request("c", model="n"), response(), purpose="judge")
    same = {"backend": "endpoint"}
    assert ledger.totals() == [
        CallTotal(purpose="judge", model="n", calls=1, prompt_tokens=3, completion_tokens=2, seconds=0.5, **same),
        CallTotal(
            purpose="translate", model="m", calls=2, prompt_tokens=7, completion_tokens=None, seconds=1.0, **same
        ),
    ]


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.jsonl.gz"])
def test_an_export_answers_as_the_ledger_did_and_has_the_same_bytes_again(ledger, tmp_path, name):
    asked = [request(text) for text in ("b", "a")]
    for one in asked:
        keep(ledger, one, response(one.messages[0].content))
    assert ledger.export(tmp_path / name) == 2
    before = (tmp_path / name).read_bytes()
    answers = [answer for _, answer in RecordedBackend(tmp_path / name).complete(asked)]
    assert [answer.text for answer in answers] == ["b", "a"]
    ledger.export(tmp_path / name)
    assert (tmp_path / name).read_bytes() == before
    assert not list(tmp_path.glob(".*.part"))
