"""The ledger's thread: shared transactions, errors that reach everybody, an end that loses nothing."""

import asyncio
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import sqlalchemy as sa

from qantara.errors import StoreError
from qantara.ledger import open_ledger
from qantara.llm.call_rows import Asked
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Message, Request, Response, call_key
from qantara.llm.ledger_thread import LedgerThread


def asked(text):
    request = Request(model="m", messages=(Message("user", str(text)),), max_tokens=5)
    return Asked(key=call_key(request), request=request, purpose="translate", round_number=0, backend="endpoint")


def response(text):
    return Response(text=text, finish_reason="stop", prompt_tokens=1, completion_tokens=1, model="m", seconds=0.0)


@pytest.fixture
def ledger(ledger_url):
    kept = CallLedger(open_ledger(ledger_url))
    yield kept
    kept.engine.dispose()


@pytest.fixture
def thread(ledger):
    running = LedgerThread(ledger)
    yield running
    running.close()


@pytest.fixture
def commits(ledger):
    """Return a list that grows by one with each commit."""
    seen = []
    sa.event.listen(ledger.engine, "commit", seen.append)
    return seen


async def whole_call(thread, text):
    await thread.note_sent(asked(text))
    return await thread.store(asked(text), response(f"answer to {text}"))


def test_what_is_done_is_there_and_what_is_not_there_is_not_found(ledger, thread):
    async def run():
        assert await thread.find([asked("a").key]) == {}
        stored = await whole_call(thread, "a")
        assert await thread.find([asked("a").key, asked("b").key]) == {asked("a").key: stored}
        await thread.note_sent(asked("b"))
        await thread.note_sent(asked("b"), "timeout")
        await thread.note_ended(asked("b"), "overloaded")

    asyncio.run(run())
    assert ledger.find([asked("a").key])[asked("a").key].text == "answer to a"
    assert (ledger.interrupted(), ledger.failed_tries()) == (0, {"overloaded": 1, "timeout": 1})


def test_calls_at_the_same_time_share_transactions(ledger, thread, commits):
    async def run():
        await asyncio.gather(*(whole_call(thread, number) for number in range(400)))

    asyncio.run(run())
    assert ledger.totals()[0].calls == 400
    assert ledger.interrupted() == 0
    assert len(commits) < 100  # 800 one by one


def test_another_process_that_stored_first_is_right(ledger, thread):
    async def run():
        ledger.store(asked("a"), response("theirs"))
        both = await asyncio.gather(
            thread.store(asked("a"), response("ours")), thread.store(asked("b"), response("ours"))
        )
        return [answer.text for answer in both]

    assert asyncio.run(run()) == ["theirs", "ours"]


WRITER = textwrap.dedent("""
    import asyncio, sys
    from qantara.ledger import open_ledger
    from qantara.llm.call_rows import Asked
    from qantara.llm.calls import CallLedger
    from qantara.llm.interface import Message, Request, Response, call_key
    from qantara.llm.ledger_thread import LedgerThread

    thread = LedgerThread(CallLedger(open_ledger(sys.argv[1])))

    async def store(number):
        request = Request(model="m", messages=(Message("user", str(number)),), max_tokens=5)
        asked = Asked(key=call_key(request), request=request, purpose="translate", round_number=0, backend="endpoint")
        answer = Response(text=sys.argv[2], finish_reason="stop", prompt_tokens=1, completion_tokens=1, model="m", seconds=0.0)
        await thread.note_sent(asked)
        return (await thread.store(asked, answer)).text

    async def run():
        numbers = range(300) if sys.argv[2] == "a" else reversed(range(300))
        return await asyncio.gather(*map(store, numbers))

    texts = asyncio.run(run())
    thread.close()
    print("".join(texts if sys.argv[2] == "a" else reversed(texts)))
""")


def test_two_processes_that_store_the_same_calls_agree_on_the_answers(ledger, ledger_url):
    children = [
        subprocess.Popen([sys.executable, "-c", WRITER, ledger_url, name], stdout=subprocess.PIPE, text=True)
        for name in ("a", "b")
    ]
    told = {child.communicate(timeout=60)[0] for child in children}
    assert [child.returncode for child in children] == [0, 0]
    assert len(told) == 1
    keys = [asked(number).key for number in range(300)]
    found = ledger.find(keys)
    assert {"".join(found[key].text for key in keys) + "\n"} == told


def test_an_error_reaches_everybody_who_waits_and_the_next_may_try_again(ledger, thread):
    async def run():
        with ledger.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE call RENAME TO elsewhere")
        ends = await asyncio.gather(
            *(thread.store(asked(number), response("x")) for number in range(50)),
            *(thread.find([asked(number).key]) for number in range(50)),
            return_exceptions=True,
        )
        with ledger.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO call")
        return ends, await thread.store(asked("a"), response("kept"))

    ends, kept = asyncio.run(run())
    assert {type(end) for end in ends} == {StoreError}
    assert kept.text == "kept"


def test_an_error_that_is_a_bug_reaches_who_waits_and_does_not_end_the_thread(thread):
    async def run():
        with pytest.raises(UnicodeEncodeError):
            await asyncio.wait_for(thread.store(asked("a"), response("half \ud800")), 10)
        return await asyncio.wait_for(thread.store(asked("a"), response("whole")), 10)

    assert asyncio.run(run()).text == "whole"


def test_closing_does_first_what_was_wished_for(ledger):
    thread = LedgerThread(ledger)

    async def run():
        waiting = [asyncio.ensure_future(thread.store(asked(number), response("x"))) for number in range(50)]
        await asyncio.sleep(0)
        thread.close()
        await asyncio.gather(*waiting)

    asyncio.run(run())
    assert ledger.totals()[0].calls == 50
    thread.close()  # again: nothing to do


def test_after_closing_nobody_waits_for_ever(ledger):
    thread = LedgerThread(ledger)
    thread.close()

    async def run():
        with pytest.raises(RuntimeError, match="ended"):
            await thread.find(["k"])

    asyncio.run(run())


def test_a_loop_that_is_gone_is_survived_and_what_it_wished_for_is_kept(ledger, thread):
    async def leave():
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: None)
        waiting = [asyncio.ensure_future(thread.store(asked(number), response("x"))) for number in range(20)]
        await asyncio.sleep(0)
        for one in waiting:
            one.cancel()

    with ledger.engine.connect() as blocking:
        if ledger.engine.dialect.name == "sqlite":
            blocking.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            blocking.exec_driver_sql("LOCK TABLE call IN EXCLUSIVE MODE")
        asyncio.run(leave())
        blocking.rollback()
    assert asyncio.run(thread.find([asked(0).key]))
    assert ledger.totals()[0].calls == 20


def test_a_full_disk_is_a_store_error_and_nothing_half_is_left(tmp_path):
    ledger = CallLedger(open_ledger(tmp_path / "ledger.sqlite"))
    with ledger.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def limit(connection, _):
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")

    ledger.engine.dispose()
    sa.event.listen(ledger.engine, "connect", limit)
    thread = LedgerThread(ledger)

    async def run():
        return await asyncio.gather(
            *(thread.store(asked(number), response("x" * 3000)) for number in range(100)), return_exceptions=True
        )

    ends = asyncio.run(run())
    thread.close()
    errors = [end for end in ends if isinstance(end, Exception)]
    assert {type(error) for error in errors} == {StoreError}
    assert "full" in str(errors[0])
    assert sum(total.calls for total in ledger.totals()) == 100 - len(errors)
    ledger.engine.dispose()


def test_the_thread_ends(ledger):
    before = threading.active_count()
    thread = LedgerThread(ledger)
    assert threading.active_count() == before + 1
    thread.close()
    time.sleep(0.01)
    assert threading.active_count() == before
