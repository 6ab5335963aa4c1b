"""Single calls into lists: calls wait here until it is quiet or enough are there, then one function works on all of them.

The loop may run piecewise, with idle time between; nothing runs here while nothing waits. What is done with a list, in a thread or
over the network, is the caller's.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from qantara.llm.interface import Request, Response, Sending

_SLICES = 10


@dataclass(eq=False, slots=True)
class Waiting:
    """A call that waits for its answer."""

    request: Request
    sending: Sending
    answered: "asyncio.Future[Response]"

    @property
    def is_over(self) -> bool:
        """Tell whether it has its answer, failed, or was given up by who asked; any thread may look."""
        return self.answered.done()

    def answer(self, response: Response) -> None:
        """Hand the answer over; on the loop's thread."""
        if not self.answered.done():
            self.answered.set_result(response)

    def fail(self, error: BaseException) -> None:
        """Let the call raise `error`; on the loop's thread."""
        if not self.answered.done():
            self.answered.set_exception(error)

    def answer_from_thread(self, response: Response) -> None:
        """Hand the answer over from another thread; RuntimeError when the loop is closed."""
        self.answered.get_loop().call_soon_threadsafe(self.answer, response)


Work = Callable[[list[Waiting]], Awaitable[None]]


class Gathering:
    """Hands lists of at most `limit` waiting calls to `work`, at most `at_once` lists at a time (None: any number).

    A list is taken when nothing new came for `linger_seconds`, or when `limit` calls wait. `work` answers each call as soon as it
    can; what it raises reaches every call of its list and all that still wait. A call that is given up is left out, or seen by
    `work` as over.
    """

    def __init__(self, work: Work, *, limit: int, linger_seconds: float, at_once: int | None = None) -> None:
        self._work = work
        self._limit = limit
        self._linger_seconds = linger_seconds
        self._at_once = at_once
        self._queue: deque[Waiting] = deque()
        self._num_arrived = 0
        self._is_full: asyncio.Event | None = None
        self._collector: asyncio.Task[None] | None = None
        self._working: set[asyncio.Task[None]] = set()

    async def answer(self, request: Request, sending: Sending) -> Response:
        """Wait for the answer to one request."""
        waiting = Waiting(request, sending, _loop().create_future())
        self._queue.append(waiting)
        self._num_arrived += 1
        if len(self._queue) >= self._limit and self._is_full is not None:
            self._is_full.set()
        if self._collector is None or self._collector.done() or self._collector.get_loop() is not _loop():
            self._collector = asyncio.create_task(self._collect())
        return await waiting.answered

    def take(self, most: int) -> list[Waiting]:
        """Return up to `most` calls that wait now; for a `work` that has room for more, from any thread.

        The calls belong to the list that `work` was given: `work` adds them to it, so that they share its end.
        """
        taken: list[Waiting] = []
        while len(taken) < most:
            try:
                waiting = self._queue.popleft()
            except IndexError:
                break
            if not waiting.is_over:
                taken.append(waiting)
        return taken

    async def close(self) -> None:
        """Cancel what waits and what is worked on, and wait until it has ended."""
        tasks = [*self._working, *([] if self._collector is None else [self._collector])]
        pending = [task for task in tasks if not task.done()]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        self._collector = None
        _cancel(self.take(len(self._queue)))

    async def _collect(self) -> None:
        """Take lists and start work on them until nothing waits."""
        while self._queue:
            await self._quiet()
            while self._at_once is not None and len(self._working) >= self._at_once:
                await asyncio.wait(self._working, return_when=asyncio.FIRST_COMPLETED)
            if calls := self.take(self._limit):
                task = asyncio.create_task(self._work_on(calls))
                self._working.add(task)
                task.add_done_callback(self._working.discard)

    async def _quiet(self) -> None:
        """Return when nothing came for the linger time, or when the limit is reached.

        The time is counted in slices: while the loop stands still, nothing can come, and that is no more than one slice.
        """
        seen, slices = self._num_arrived, 0
        while slices < _SLICES and len(self._queue) < self._limit:
            self._is_full = asyncio.Event()  # a new one each time: it belongs to one loop
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_full.wait(), self._linger_seconds / _SLICES)
            slices = slices + 1 if self._num_arrived == seen else 0
            seen = self._num_arrived

    async def _work_on(self, calls: list[Waiting]) -> None:
        try:
            await self._work(calls)
        except asyncio.CancelledError:
            _cancel(calls)
            raise
        except Exception as error:  # noqa: BLE001  (a worker loop: whoever waits raises it)
            for waiting in calls + self.take(len(self._queue)):
                waiting.fail(error)
        else:
            for waiting in calls:
                waiting.fail(RuntimeError("a list of calls was given back with a call that has no answer"))


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def _cancel(calls: list[Waiting]) -> None:
    for waiting in calls:
        waiting.answered.cancel()
