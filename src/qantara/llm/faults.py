"""How a try can end without an answer, and what follows: try again after how long, or tell the user. No network here.

Passing faults (rate limited, overloaded, server error, timeout, unreachable, connection lost, unparseable body) are never kept as
answers. What a server turned down for good (a bad request, a text too long for the model) is an answer of its own kind: see `wire`.
"""

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from qantara.llm.interface import Fault

FATAL: frozenset[Fault] = frozenset({"refused_key", "not_found"})
FLOW_CONTROL: frozenset[Fault] = frozenset({"rate_limited", "overloaded"})
MAY_BE_BILLED: frozenset[Fault] = frozenset(
    {"timeout", "connection", "unparseable"}
)  # the server may have done the work
TURNED_DOWN = frozenset({400, 413, 414, 422, 431, 451})  # the HTTP statuses that speak of the request's own text
_STATUS: dict[int, Fault] = {401: "refused_key", 402: "refused_key", 403: "refused_key", 407: "refused_key"}
_STATUS |= {408: "timeout", 409: "overloaded", 425: "overloaded", 429: "rate_limited"}
_STATUS |= {500: "server_error", 502: "overloaded", 503: "overloaded", 504: "timeout", 529: "overloaded"}
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 60.0
_LONGEST_ASKED_WAIT_SECONDS = 3600.0
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?")
_PERIOD = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Failure:
    """One try without an answer; `retry_after_seconds` is what the server asked for, None when it said nothing."""

    fault: Fault
    status: int | None = None
    retry_after_seconds: float | None = None


def fault_of_status(status: int) -> Fault | None:
    """Return what an HTTP status means for a try; None for a success and for a request that is turned down for good.

    A redirection and any other 4xx say that this is the wrong place to ask, not that the text is bad.
    """
    if status < 300 or status in TURNED_DOWN:
        return None
    return _STATUS.get(status, "server_error" if status >= 500 else "not_found")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a server asks to wait, from `retry-after-ms` or `Retry-After` (seconds or a date); None if it doesn't."""
    for name, unit in (("retry-after-ms", 0.001), ("Retry-After", 1.0)):
        text = headers.get(name, "").strip()
        if _SECONDS.fullmatch(text):
            return _within(float(text) * unit)
    try:
        date = parsedate_to_datetime(headers.get("Retry-After", ""))
        return _within(date.replace(tzinfo=date.tzinfo or UTC).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def exhausted_for(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until a used-up quota of `x-ratelimit-*` headers is renewed; None while anything is left."""
    waits = []
    for kind in ("requests", "tokens"):
        if headers.get(f"x-ratelimit-remaining-{kind}", "").strip() == "0":
            periods = _PERIOD.findall(headers.get(f"x-ratelimit-reset-{kind}", ""))
            waits += [sum(float(number) * _UNIT_SECONDS[unit] for number, unit in periods)] if periods else []
    return _within(max(waits)) if waits else None


def wait_before(try_number: int, failure: Failure, dice: random.Random) -> float:
    """Return the seconds to wait before the next try, `try_number` counting those that failed from 1.

    Full jitter (Brooker, "Exponential Backoff And Jitter", 2015): uniform between 0 and a bound that doubles. What the server asked
    for is waited for in full, with up to a tenth more, so that callers don't come back all at once.
    """
    if failure.retry_after_seconds is not None:
        return failure.retry_after_seconds * (1 + 0.1 * dice.random())
    return dice.uniform(0, min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2 ** (try_number - 1)))


def _within(seconds: float) -> float:
    return min(max(seconds, 0.0), _LONGEST_ASKED_WAIT_SECONDS)
