"""The ledger of calls: answers kept, sendings counted, totals that don't invent tokens, an export that answers the same."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from qantara.ledger import open_ledger, transaction
from qantara.llm.call_rows import SENT, Asked, end_of_try
from qantara.llm.calls import CallLedger, CallTotal
from qantara.llm.interface import Message, Request, Response, TokenScore, call_key
from qantara.llm.recorded import RecordedBackend


def request(text="q", model="m", **changes):
    settings = {"model": model, "messages": (Message("user", text),), "max_tokens": 5, "stop": ("\n",)}
    return Request(**(settings | changes))


def asked(text="q", model="m", purpose="translate", round_number=0, backend="endpoint", **changes):
    one = request(text, model, **changes)
    return Asked(key=call_key(one), request=one, purpose=purpose, round_number=round_number, backend=backend)


def response(text="جواب", prompt_tokens=3, completion_tokens=2, **changes):
    settings = {"text": text, "finish_reason": "stop", "model": "m-1", "seconds": 0.5}
    return Response(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens, **(settings | changes))


REFUSAL = response("", None, None, finish_reason="bad_request", status=400)
SCORED = response(tokens=(TokenScore("\ufffd", None), TokenScore("ب", -0.5, (("ب", -0.5), ("\u2028", -9999.0)))))


@pytest.fixture
def ledger(ledger_url):
    engine = open_ledger(ledger_url)
    yield CallLedger(engine)
    engine.dispose()


def keep(ledger, one, answer):
    ledger.note_sent([one])
    ledger.store(one, answer)


def end(ledger, one, fault):
    with transaction(ledger.engine) as connection:
        connection.execute(end_of_try(one.key, fault))


@pytest.mark.parametrize(
    "answer", [response(), response("", None, 2, finish_reason="length", cached_tokens=1), REFUSAL, SCORED]
)
def test_what_was_stored_is_found_also_by_another_process(ledger, ledger_url, answer):
    keep(ledger, asked(), answer)
    other = CallLedger(open_ledger(ledger_url))
    assert other.find([asked().key, "0" * 32]) == {asked().key: answer}
    other.engine.dispose()


def test_more_keys_than_one_query_holds_are_found(ledger):
    for i in range(3):
        keep(ledger, asked(str(i)), response())
    many = [f"{i:032x}" for i in range(1200)]
    assert len(ledger.find([*many, *(asked(str(i)).key for i in range(3))])) == 3


def test_the_first_answer_to_a_call_stays(ledger):
    keep(ledger, asked(), response("first"))
    keep(ledger, asked(), response("second"))
    assert ledger.find([asked().key])[asked().key].text == "first"


def test_what_was_sent_and_never_answered_is_counted_also_after_it_was_asked_again(ledger):
    assert ledger.interrupted() == 0
    ledger.note_sent([])
    ledger.note_sent([asked("a"), asked("b")])
    assert ledger.interrupted() == 2
    keep(ledger, asked("a"), response())  # sent twice, answered once
    assert ledger.interrupted() == 2


def test_a_try_whose_end_is_known_is_no_interrupted_one(ledger):
    for fault in ("timeout", "rate_limited", "timeout"):
        ledger.note_sent([asked()])
        end(ledger, asked(), fault)
    keep(ledger, asked(), response())
    assert ledger.troubles() == {"interrupted": 0, "failed_tries": {"rate_limited": 1, "timeout": 2}}


def test_only_the_last_open_sending_of_a_call_is_ended(ledger):
    ledger.note_sent([asked()])  # killed in the middle
    ledger.note_sent([asked()])
    end(ledger, asked(), "server_error")
    assert (ledger.interrupted(), ledger.failed_tries()) == (1, {"server_error": 1})


def total(**changes):
    today = datetime.now(UTC).date().isoformat()
    settings = {"day": today, "purpose": "translate", "round": 0, "model": "m", "backend": "endpoint", "calls": 1}
    tokens = {"prompt_tokens": 3, "completion_tokens": 2, "cached_tokens": 0, "seconds": 0.5}
    return CallTotal(**(settings | tokens | changes))


def test_totals_are_by_purpose_round_model_and_backend_and_unknown_tokens_stay_unknown(ledger):
    keep(ledger, asked("a"), response(cached_tokens=1))
    keep(ledger, asked("b"), response(prompt_tokens=4, completion_tokens=None))
    keep(ledger, asked("c", round_number=1), response())
    keep(ledger, asked("d", backend="batch"), response())
    keep(ledger, asked("e", model="n", purpose="judge"), response())
    assert ledger.totals() == [
        total(purpose="judge", model="n"),
        total(backend="batch"),
        total(calls=2, prompt_tokens=7, completion_tokens=None, cached_tokens=1, seconds=1.0),
        total(round=1),
    ]
    assert total(cached_tokens=1) in ledger.totals(only_counted=True)


def test_what_was_turned_down_is_no_call_in_the_totals(ledger):
    keep(ledger, asked("a"), REFUSAL)
    keep(ledger, asked("b"), replace(REFUSAL, finish_reason="context_overflow"))
    assert (ledger.totals(), ledger.unsettled()) == ([], [])


def test_unsettled_is_what_may_be_billed_and_nobody_counted(ledger):
    keep(ledger, asked("counted"), response())
    keep(ledger, asked("turned down"), REFUSAL)
    ledger.note_sent([asked("free")])
    end(ledger, asked("free"), "rate_limited")
    assert ledger.unsettled() == []
    keep(ledger, asked("uncounted"), response(completion_tokens=None))
    ledger.note_sent([asked("killed"), asked("killed")])
    keep(ledger, asked("killed"), response())
    ledger.note_sent([asked("slow")])
    end(ledger, asked("slow"), "timeout")
    keep(ledger, asked("slow"), response())
    ledger.note_sent([asked("n", model="n")])
    first, second = ledger.unsettled()
    assert (first.model, first.tries, first.completion_bound) == ("m", 4, 4 * 5)
    assert first.prompt_bound == sum(len(text) + 32 for text in ("uncounted", "killed", "killed", "slow"))
    assert (second.model, second.tries, second.backend) == ("n", 1, "endpoint")


def test_a_forgotten_refusal_is_asked_again_and_counts_as_a_try_that_failed(ledger):
    ledger.note_sent([asked("bad")])  # killed in the middle
    keep(ledger, asked("bad"), REFUSAL)
    keep(ledger, asked("long"), replace(REFUSAL, finish_reason="context_overflow"))
    keep(ledger, asked("good"), response())
    assert ledger.forget("bad_request") == 1
    assert set(ledger.find([asked(text).key for text in ("bad", "long", "good")])) == {
        asked("long").key,
        asked("good").key,
    }
    assert (ledger.interrupted(), ledger.failed_tries()) == (1, {"bad_request": 1})
    assert [one.tries for one in ledger.unsettled()] == [1]
    assert ledger.forget("bad_request") == 0


def test_the_ledger_of_an_older_version_is_brought_up_to_date(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    with transaction(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE sent (sequence INTEGER PRIMARY KEY, key VARCHAR(32), at TEXT)")
        connection.exec_driver_sql("INSERT INTO sent (key, at) VALUES ('k', '2026-01-01T00:00:00')")
    old = CallLedger(engine)
    assert old.interrupted() == 1
    keep(old, asked(), response())
    assert {column["name"] for column in sa.inspect(engine).get_columns("sent")} == {c.name for c in SENT.columns}
    engine.dispose()


def test_a_ledger_from_before_there_were_log_probabilities_keeps_its_answers_and_takes_new_ones(ledger, ledger_url):
    keep(ledger, asked("old"), response())
    with transaction(ledger.engine) as connection:
        connection.exec_driver_sql("ALTER TABLE call DROP COLUMN token_scores")
    engine = open_ledger(ledger_url)
    newer, scored = CallLedger(engine), asked("new", top_logprobs=2)
    keep(newer, scored, SCORED)
    assert newer.find([asked("old").key, scored.key]) == {asked("old").key: response(), scored.key: SCORED}
    engine.dispose()


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.jsonl.gz"])
def test_an_export_answers_as_the_ledger_did_and_has_the_same_bytes_again(ledger, tmp_path, name, sending):
    kinds = [asked("b"), asked("a", schema='{"type": "object"}', sample=2, temperature=0.5), asked("refused")]
    kinds += [asked(messages=(), prompt="p", echo=True, top_logprobs=1), asked(top_logprobs=20)]
    answers = [response("1", cached_tokens=2), response("2", None, None), REFUSAL, SCORED, response(tokens=())]
    for one, answer in zip(kinds, answers, strict=True):
        keep(ledger, one, answer)
    assert ledger.export(tmp_path / name) == 5
    before = (tmp_path / name).read_bytes()
    recorded = RecordedBackend(tmp_path / name)
    assert [asyncio.run(recorded.answer(one.request, sending)) for one in kinds] == answers
    ledger.export(tmp_path / name)
    assert (tmp_path / name).read_bytes() == before
    assert not list(tmp_path.glob(".*.part"))
