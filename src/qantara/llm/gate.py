"""Who may send now: the calls of one endpoint queue here for a place in flight, its quotas, its pauses and its circuit breaker."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from qantara.errors import CallError
from qantara.llm.breaker import Breaker
from qantara.llm.faults import FLOW_CONTROL, MAY_BE_BILLED, Failure
from qantara.llm.limits import Bucket, InFlight


class Gate:
    """The places of one endpoint. First come, first served; `place` names the endpoint in errors."""

    def __init__(
        self,
        place: str,
        in_flight: InFlight,
        breaker: Breaker,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = place
        self.in_flight = in_flight
        self.breaker = breaker
        self.num_inside = 0
        self._requests = Bucket(requests_per_minute)
        self._tokens = Bucket(tokens_per_minute)
        self._clock = clock
        self._closed_until_seconds = 0.0
        self._queue: deque[tuple[asyncio.Future[float], float]] = deque()  # whose turn, and for how many tokens
        self._alarm: asyncio.TimerHandle | None = None

    async def enter(self, num_tokens: float) -> float:
        """Wait for a place and for the quotas; return when, on the gate's clock. Raises CallError when there is no hope left."""
        turn: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._queue.append((turn, num_tokens))
        self._admit()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.cancelled():  # who is next may have less to wait for
                self._admit()
            elif turn.exception() is None:
                self.given_up(turn.result(), num_tokens)
            raise

    def answered(
        self, estimated_tokens: float, used_tokens: float | None, exhausted_seconds: float | None = None
    ) -> None:
        """Leave with an answer; `exhausted_seconds` is the server's word that its quota is used up for so long."""
        self.breaker.succeeded(self._clock())
        self.in_flight.succeeded()
        if used_tokens is not None:
            self._tokens.give_back(estimated_tokens - used_tokens)
        if exhausted_seconds:
            self._pause(exhausted_seconds)
        self._leave()

    def failed(self, failure: Failure, began_seconds: float, estimated_tokens: float) -> None:
        """Leave without an answer."""
        now = self._clock()
        if failure.fault not in MAY_BE_BILLED:
            self._tokens.give_back(estimated_tokens)
        if failure.fault in FLOW_CONTROL:
            self.in_flight.was_too_many(began_seconds, now)
            if failure.retry_after_seconds:
                self._pause(failure.retry_after_seconds)
        if failure.fault == "rate_limited":
            self.breaker.cancelled(began_seconds)
        else:
            self.breaker.failed(began_seconds, now)
        self._leave()

    def given_up(self, began_seconds: float, estimated_tokens: float) -> None:
        """Leave because the call was cancelled, or may not be sent."""
        self._tokens.give_back(estimated_tokens)
        self.breaker.cancelled(began_seconds)
        self._leave()

    def _pause(self, seconds: float) -> None:
        self._closed_until_seconds = max(self._closed_until_seconds, self._clock() + seconds)

    def _leave(self) -> None:
        self.num_inside -= 1
        self._admit()

    def _admit(self) -> None:
        """Give turns to those who wait, as many as there are places; otherwise set an alarm for the end of a pause."""
        if self.breaker.is_hopeless:
            self._send_all_home()
        while self._queue and self.num_inside < int(self.in_flight.allowed):
            turn, num_tokens = self._queue[0]
            if turn.done():
                self._queue.popleft()
                continue
            now = self._clock()
            wait = self._wait(num_tokens, now)
            if wait is None:  # another call is the probe; its leaving comes back here
                return
            if wait > 0:
                self._wake_in(wait)
                return
            self._requests.take(1)
            self._tokens.take(num_tokens)
            self.num_inside += 1
            self._queue.popleft()
            turn.set_result(now)

    def _wait(self, num_tokens: float, now: float) -> float | None:
        quotas = max(self._requests.wait(1, now), self._tokens.wait(num_tokens, now))
        pause = max(quotas, self._closed_until_seconds - now)
        return pause if pause > 0 else self.breaker.wait(now)

    def _wake_in(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._admit)

    def _send_all_home(self) -> None:
        while self._queue:
            turn, _ = self._queue.popleft()
            if not turn.done():
                turn.set_exception(
                    CallError(
                        f"{self._name}: most calls failed, also after {self.breaker.num_pauses - 1} pauses; what was answered is "
                        "kept: run the same command again when the server is well"
                    )
                )
