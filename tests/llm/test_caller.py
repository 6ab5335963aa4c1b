"""The caller: each distinct call once, every answer kept before it is used, one fatal error ends all sending."""

import asyncio
import gc

import pytest
import sqlalchemy as sa

from qantara.errors import CallError, CallFailed, StoreError
from qantara.ledger import open_ledger
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Message, Request, Response, call_key
from qantara.llm.recorded import RecordedBackend, call_record
from qantara.llm.streaming import in_order
from qantara.store import write_jsonl


def request(text):
    return Request(model="m", messages=(Message("user", text),), max_tokens=5)


def response(text):
    return Response(text=text, finish_reason="stop", prompt_tokens=1, completion_tokens=1, model="m", seconds=0.0)


class Model:
    """A backend that does with a text what its first word says, and keeps what was sent."""

    name = "model"
    capacity = 8

    def __init__(self):
        self.sent = []
        self.at_work = 0

    async def answer(self, asked, sending):
        text = asked.messages[0].content
        word = text.split()[0]
        await sending()
        self.sent.append(text)
        self.at_work += 1
        try:
            await asyncio.sleep(30 if word == "hang" else 0.1 if word == "slow" else 0.001)
        finally:
            self.at_work -= 1
        if word == "retry":
            await sending.ended("server_error")
            await asyncio.sleep(30)
        if word == "lost":
            await sending.ended("timeout")
            raise CallFailed("no answer", "timeout")
        if word == "fatal":
            await sending.ended("refused_key")
            raise CallError("the key was not accepted")
        if word == "bug":
            raise ZeroDivisionError("a bug")
        return response("half \ud800" if word == "half" else f"answer to {text}")

    async def close(self):
        pass


@pytest.fixture
def ledger(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    yield CallLedger(engine)
    engine.dispose()


@pytest.fixture
def caller(ledger):
    desk = Desk(ledger)
    yield Caller(Model(), desk)
    desk.close()


def ask_all(caller, *texts, purpose="translate"):
    """Return the answer's text or the error of each."""

    async def run():
        asking = (caller.ask(request(text), purpose) for text in texts)
        return await asyncio.gather(*asking, return_exceptions=True)

    return [end.text if isinstance(end, Response) else end for end in asyncio.run(run())]


def test_answers_come_in_the_order_of_the_requests(caller):
    answers = asyncio.run(caller.ask_all([request(text) for text in ("slow", "b", "c")], "translate"))
    assert [answer.text for answer in answers] == ["answer to slow", "answer to b", "answer to c"]


def test_the_same_request_is_sent_once_however_many_ask_and_a_known_one_never(caller, ledger):
    assert ask_all(caller, *["slow"] * 20) == ["answer to slow"] * 20
    assert (caller.sent, caller.hits) == (1, 19)
    assert ask_all(caller, "b", "slow", "b", purpose="judge") == ["answer to b", "answer to slow", "answer to b"]
    assert (caller.sent, caller.hits, caller.backend.sent) == (2, 21, ["slow", "b"])
    assert [(total.purpose, total.calls) for total in ledger.totals()] == [("judge", 1), ("translate", 1)]


def test_two_callers_of_a_desk_share_what_is_on_its_way(caller):
    other = Caller(Model(), caller.desk)

    async def run():
        return await asyncio.gather(caller.ask(request("slow"), "judge"), other.ask(request("slow"), "judge"))

    first, second = asyncio.run(run())
    assert first == second
    assert (caller.sent + other.sent, caller.hits + other.hits) == (1, 1)


def test_an_answer_is_on_disk_before_anybody_reads_it(caller, ledger):
    async def run():
        await caller.ask(request("a"), "translate")
        return ledger.find([call_key(request("a"))])  # another connection

    assert list(asyncio.run(run()).values()) == [response("answer to a")]


def test_an_answer_that_no_database_holds_is_mended_before_it_is_kept_and_read(caller, ledger):
    assert ask_all(caller, "half") == ["half \ufffd"]
    assert ask_all(caller, "half") == ["half \ufffd"]
    assert caller.sent == 1


def test_when_who_asked_first_is_cancelled_the_others_get_their_answer(caller):
    async def run():
        first, *others = [asyncio.ensure_future(caller.ask(request("slow"), "translate")) for _ in range(3)]
        await asyncio.sleep(0.03)
        first.cancel()
        answers = await asyncio.gather(*others)
        assert first.cancelled()
        return {answer.text for answer in answers}

    assert asyncio.run(run()) == {"answer to slow"}
    assert caller.sent == 1


def test_when_all_who_asked_are_cancelled_the_call_is_and_a_new_one_can_be_made(caller):
    async def run():
        askers = [asyncio.ensure_future(caller.ask(request("hang"), "translate")) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert caller.backend.at_work == 1
        for asker in askers:
            asker.cancel()
        late = asyncio.ensure_future(caller.ask(request("hang"), "translate"))  # in the same moment
        await asyncio.wait(askers)
        assert all(asker.cancelled() for asker in askers)
        assert not late.done()
        late.cancel()
        await asyncio.wait([late])
        assert (caller.backend.at_work, caller.desk.flights) == (0, {})

    asyncio.run(run())


def test_a_call_without_an_answer_fails_alone_and_for_all_who_asked_it(caller, ledger):
    lost, again, good = ask_all(caller, "lost", "lost", "good")
    assert {type(lost), type(again)} == {CallFailed}
    assert good == "answer to good"
    assert (ledger.failed_tries(), ledger.interrupted()) == ({"timeout": 1}, 0)
    assert ask_all(caller, "good 2") == ["answer to good 2"]


@pytest.mark.parametrize(("word", "kind"), [("fatal", CallError), ("bug", ZeroDivisionError)])
def test_after_a_fatal_error_nothing_is_sent_and_what_is_in_flight_is_kept(caller, ledger, word, kind):
    slow, retry, fatal = ask_all(caller, "slow", "retry", word)
    assert slow == "answer to slow"
    assert (type(fatal), retry) == (kind, fatal)  # nobody waits half a minute for a next try that can't be
    assert ask_all(caller, "later") == [fatal]
    assert "later" not in caller.backend.sent
    assert set(ledger.find([call_key(request("slow"))]))
    assert ask_all(caller, "slow") == ["answer to slow"]  # what is known can still be read


def test_after_a_fatal_error_an_error_raised_a_thousand_times_stays_small(caller):
    ask_all(caller, "bug")
    errors = ask_all(caller, *map(str, range(1000)))
    depth, trace = 0, errors[-1].__traceback__
    while trace is not None:
        depth, trace = depth + 1, trace.tb_next
    assert depth < 20


def test_a_stopped_desk_ends_a_stream_with_its_error(caller):
    texts = ["slow", "retry", "fatal", *(f"never {i}" for i in range(20))]

    async def work(text):
        return (await caller.ask(request(text), "translate")).text

    answers = []
    with pytest.raises(CallError, match="not accepted"):
        answers.extend(in_order(texts, work, 3))
    assert sorted(caller.backend.sent) == ["fatal", "retry", "slow"]


def test_what_can_not_be_stored_is_not_used_and_ends_the_sending(caller, ledger):
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON call WHEN (SELECT count(*) FROM call) >= 2 BEGIN SELECT RAISE(FAIL, 'x'); END"
        )
    # what a full disk raises is of the same kind
    sa.event.listen(ledger.engine, "handle_error", _as_operational)
    first = ask_all(caller, "a", "b")
    error, later = ask_all(caller, "c")[0], ask_all(caller, "d")[0]
    assert first == ["answer to a", "answer to b"]
    assert (type(error), later) == (StoreError, error)
    assert caller.backend.sent == ["a", "b", "c"]
    assert ledger.find([call_key(request("c"))]) == {}
    assert ledger.interrupted() == 1


def _as_operational(context):
    return sa.exc.OperationalError("INSERT", {}, context.original_exception, hide_parameters=True)


def test_a_recording_that_lacks_a_call_says_so_and_keeps_what_it_has(ledger, tmp_path):
    write_jsonl(tmp_path / "calls.jsonl", [call_record(request(text), response(text)) for text in "ab"])
    desk = Desk(ledger)
    caller = Caller(RecordedBackend(tmp_path / "calls.jsonl"), desk)
    *answers, error = ask_all(caller, "a", "b", "missing")
    desk.close()
    assert answers == ["a", "b"]
    assert "no recorded answer" in str(error)
    assert set(ledger.find(map(call_key, map(request, "ab")))) == set(map(call_key, map(request, "ab")))
    assert (caller.sent, ledger.interrupted()) == (0, 0)


def test_nothing_is_said_of_errors_that_nobody_was_left_to_hear(caller, caplog):
    async def run():
        asker = asyncio.ensure_future(caller.ask(request("slow"), "translate"))
        await asyncio.sleep(0.03)
        caller.desk.stop(CallError("stopped"))
        asker.cancel()
        await asyncio.wait([asker])

    asyncio.run(run())
    gc.collect()
    assert caplog.text == ""
