"""Asks a backend only what the ledger doesn't know, each distinct request once, and keeps every answer before anybody reads it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType

from qantara.errors import CallFailed
from qantara.llm.budget import Budget, Cost
from qantara.llm.call_rows import Asked
from qantara.llm.calls import CallLedger
from qantara.llm.faults import MAY_BE_BILLED
from qantara.llm.interface import Backend, Fault, Request, Response, call_key, storable
from qantara.llm.ledger_thread import LedgerThread


class Desk:
    """What all callers of a stage share: ledger, budget, the calls on their way, the first error that concerns every call."""

    def __init__(self, ledger: CallLedger, budget: Budget | None = None) -> None:
        self.ledger = LedgerThread(ledger)
        self.budget = budget
        self.flights: dict[str, _Flight] = {}
        self._failure: Exception | None = None
        self._traceback: TracebackType | None = None

    def stop(self, error: Exception) -> None:
        """Let nothing more be sent: what waits for its turn ends with this error, what was sent is still kept."""
        if self._failure is not None:
            return
        self._failure, self._traceback = error, error.__traceback__
        for flight in self.flights.values():
            if not flight.is_sent and flight.task is not asyncio.current_task():
                flight.task.cancel()

    def check(self) -> None:
        """Raise the error that stopped the desk, if there is one."""
        if self._failure is not None:
            # thousands of calls may raise it: without their frames
            raise self._failure.with_traceback(self._traceback)

    def close(self) -> None:
        """End the ledger's thread."""
        self.ledger.close()


class Caller:
    """A backend behind the ledger; `hits` counts requests answered without sending, `sent` the tries that were sent."""

    def __init__(self, backend: Backend, desk: Desk) -> None:
        self.backend = backend
        self.desk = desk
        self.hits = 0
        self.sent = 0

    async def ask(self, request: Request, purpose: str, round_number: int = 0) -> Response:
        """Return the answer, which is then in the ledger. The same request asked by several at once is one call.

        Raises CallFailed when this call alone gets no answer; any other error stops the desk: no caller sends anything more.
        """
        key = call_key(request)
        flight = self.desk.flights.get(key)
        if flight is not None and not flight.is_given_up:
            self.hits += 1
            return await flight.join()
        asked = Asked(key=key, request=request, purpose=purpose, round_number=round_number, backend=self.backend.name)
        flight = self.desk.flights[key] = _Flight(self, asked)
        return await flight.join()

    async def ask_all(self, requests: Sequence[Request], purpose: str, round_number: int = 0) -> list[Response]:
        """Return the answers in the order of the requests."""
        return list(await asyncio.gather(*(self.ask(request, purpose, round_number) for request in requests)))


class _Flight:
    """One call on its way, for as long as anybody waits for it; its backend tells it of every try (see `Sending`)."""

    def __init__(self, caller: Caller, asked: Asked) -> None:
        self.task = asyncio.get_running_loop().create_task(self._answer())
        self.task.add_done_callback(self._landed)
        self.is_sent = False
        self.is_given_up = False
        self._caller = caller
        self._desk = caller.desk
        self._asked = asked
        self._num_waiting = 0
        self._reserved: Cost | None = None

    async def join(self) -> Response:
        """Wait for the answer; the call is cancelled when the last who waits is."""
        self._num_waiting += 1
        try:
            return await asyncio.shield(self.task)
        except asyncio.CancelledError:
            asker = asyncio.current_task()
            if asker is None or not asker.cancelling():
                self._desk.check()  # it was the desk that cancelled the call
            elif self._num_waiting == 1:
                await self._give_up()
            raise
        finally:
            self._num_waiting -= 1

    async def __call__(self, after: Fault | None = None) -> None:
        """Write down that a try begins, and set its cost aside; raise when nothing may be sent any more."""
        self._desk.check()
        self._take_back(after)
        if self._desk.budget is not None:
            self._reserved = await self._desk.budget.reserve(self._asked.request, self._asked.backend)
            self._desk.check()
        self.is_sent = True
        await self._desk.ledger.note_sent(self._asked, after)
        self._caller.sent += 1

    async def ended(self, fault: Fault) -> None:
        """Write down how a try ended without an answer; raise when nothing may be sent any more."""
        self._take_back(fault)
        await self._desk.ledger.note_ended(self._asked, fault)
        self.is_sent = False
        self._desk.check()

    async def _answer(self) -> Response:
        known = (await self._desk.ledger.find([self._asked.key])).get(self._asked.key)
        if known is not None:
            self._caller.hits += 1
            return known
        try:
            told = await self._caller.backend.answer(self._asked.request, self)
            self.is_sent = True  # also what needed no sending is now there to be kept
            response = replace(told, text=storable(told.text), model=storable(told.model))
            self._settle(response)
            return await self._desk.ledger.store(self._asked, response)
        except CallFailed:
            raise
        except Exception as error:
            self._desk.stop(error)
            raise
        finally:
            self._take_back("connection")  # a try that is not known to have ended may be billed

    async def _give_up(self) -> None:
        self.is_given_up = True
        self.task.cancel()
        await asyncio.wait([self.task])
        if not self.task.cancelled():
            self.task.exception()  # nobody is left to be told

    def _landed(self, _: "asyncio.Task[Response]") -> None:
        if self._desk.flights.get(self._asked.key) is self:
            del self._desk.flights[self._asked.key]

    def _settle(self, response: Response) -> None:
        if self._reserved is not None and self._desk.budget is not None:
            self._desk.budget.settle(self._reserved, self._asked.request, self._asked.backend, response)
            self._reserved = None

    def _take_back(self, fault: Fault | None) -> None:
        if self._reserved is not None and self._desk.budget is not None:
            self._desk.budget.give_up(self._reserved, may_be_billed=fault in MAY_BE_BILLED)
            self._reserved = None
