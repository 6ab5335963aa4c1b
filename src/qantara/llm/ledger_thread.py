"""The ledger of calls for an event loop: one thread with one connection; what is asked for at the same time is one transaction.

A commit to disk costs milliseconds, so hundreds of calls a second share commits; each waits until its own is on disk.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from qantara.ledger import insert_new, transaction
from qantara.llm.call_rows import CALL, SENT, Asked, call_row, end_of_try, find_answers, sent_row
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Fault, Response

_MOST_A_TRANSACTION = 512


@dataclass(slots=True)
class _Wish:
    """One thing to be done; `wanted` are keys to look up, the others are rows to write."""

    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[Any]"
    wanted: Sequence[str] = ()
    sent: dict[str, object] | None = None
    answer: dict[str, object] | None = None
    ended: tuple[str, Fault] | None = None


@dataclass(slots=True)
class _Group:
    wishes: list[_Wish] = field(default_factory=list)
    is_last: bool = False


class LedgerThread:
    """Reads and writes the calls of a run from a thread of its own; `close` ends it."""

    def __init__(self, ledger: CallLedger) -> None:
        self._engine = ledger.engine
        self._wishes: queue.SimpleQueue[_Wish | None] = queue.SimpleQueue()
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()

    async def find(self, keys: Sequence[str]) -> dict[str, Response]:
        """Return the stored answers by key."""
        found: dict[str, Response] = await self._wish(wanted=keys)
        return found

    async def note_sent(self, asked: Asked, after: Fault | None = None) -> None:
        """Return when it is on disk that a call is about to be sent, and how its try before ended."""
        await self._wish(sent=sent_row(asked), ended=(asked.key, after) if after else None)

    async def note_ended(self, asked: Asked, fault: Fault) -> None:
        """Return when it is on disk how the last try of a call ended."""
        await self._wish(ended=(asked.key, fault))

    async def store(self, asked: Asked, response: Response) -> Response:
        """Return the answer that is on disk for this call: this one, or one that another process stored first."""
        return await self._wish(answer=call_row(asked, response)) or response

    def close(self) -> None:
        """End the thread after what was wished for before."""
        self._is_closed = True
        self._wishes.put(None)
        self._thread.join()

    def _wish(self, **what: Any) -> "asyncio.Future[Any]":  # noqa: ANN401 - the fields of a _Wish
        if self._is_closed:
            raise RuntimeError("the ledger's thread has ended: nobody would answer")
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._wishes.put(_Wish(loop, done, **what))
        return done

    def _work(self) -> None:
        while True:
            group = self._next_group()
            if group.wishes:
                self._fulfil(group.wishes)
            if group.is_last:
                return

    def _next_group(self) -> _Group:
        group = _Group()
        wish = self._wishes.get()
        while wish is not None:
            group.wishes.append(wish)
            if len(group.wishes) >= _MOST_A_TRANSACTION or self._wishes.empty():
                return group
            wish = self._wishes.get()
        group.is_last = True
        return group

    def _fulfil(self, wishes: list[_Wish]) -> None:
        try:
            with transaction(self._engine) as connection:
                results: list[Any] = _do(connection, wishes, self._engine)
        except Exception as error:  # noqa: BLE001  (a worker loop: whoever waits raises it)
            results = [error] * len(wishes)
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
        for wish, result in zip(wishes, results, strict=True):
            by_loop.setdefault(wish.loop, []).append((wish.done, result))
        for loop, outcomes in by_loop.items():
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_tell, outcomes)


def _do(connection: sa.Connection, wishes: Sequence[_Wish], engine: sa.Engine) -> list[Any]:
    """Write first, then look up: a look-up sees what its own transaction stored."""
    for wish in wishes:
        if wish.ended is not None:
            connection.execute(end_of_try(*wish.ended))
    if sent := [wish.sent for wish in wishes if wish.sent is not None]:
        connection.execute(sa.insert(SENT), sent)
    stored = sorted((wish.answer for wish in wishes if wish.answer is not None), key=lambda row: str(row["key"]))
    raced: dict[str, Response] = {}
    if stored:
        result = connection.execute(insert_new(engine, CALL), stored)
        if result.rowcount != len(stored):
            raced = find_answers(connection, [str(row["key"]) for row in stored])
    wanted = sorted({key for wish in wishes for key in wish.wanted})
    found = find_answers(connection, wanted) if wanted else {}
    results: list[Any] = []
    for wish in wishes:
        if wish.answer is not None:
            results.append(raced.get(str(wish.answer["key"])))
        else:
            results.append({key: found[key] for key in wish.wanted if key in found} if wish.wanted else None)
    return results


def _tell(outcomes: Sequence[tuple["asyncio.Future[Any]", Any]]) -> None:
    for done, result in outcomes:
        if done.done():
            continue
        if isinstance(result, Exception):
            done.set_exception(result)
        else:
            done.set_result(result)
