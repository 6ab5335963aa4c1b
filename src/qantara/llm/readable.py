"""Asks until an answer can be read: what was cut off, empty or out of form is asked again, a bounded number of times.

An answer that can't be read is never a success; each further asking is a call of its own in the ledger, with its own cost.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from qantara.llm.caller import Caller
from qantara.llm.interface import FinishReason, Request, Response

T = TypeVar("T")
_NO_USE: dict[FinishReason, tuple[str, str]] = {
    "length": ("call.truncated", "the answer was cut off at the token limit"),
    "refused": ("call.refused", "the model refused"),
    "empty": ("call.empty", "the answer is empty"),
    "bad_request": ("call.bad_request", "the server turned the request down"),
    "context_overflow": ("call.context_overflow", "the text is too long for the model"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What calls are for: purpose and round as the ledger keeps them, and how often an unreadable answer is asked for again."""

    purpose: str
    round_number: int = 0
    resamples: int = 2


def why_of_no_use(response: Response) -> tuple[str, str]:
    """Return a code and a line for a response that is no whole answer."""
    return _NO_USE.get(response.finish_reason, ("call.failed", "the call gave no usable answer"))


def json_object(text: str) -> object:
    """Return the JSON object in an answer, which may have talk around it; None if there is none."""
    start, end = text.find("{"), text.rfind("}")
    try:
        return json.loads(text[start : end + 1]) if 0 <= start < end else None
    except (ValueError, RecursionError):
        return None


async def ask_readable(
    caller: Caller, request: Request, read: Callable[[str], T | None], asking: Asking
) -> tuple[Response, T | None]:
    """Return the last response and what `read` made of it: None when it is no whole answer or `read` could not read it.

    After a cut-off answer `max_tokens` is doubled, once. What was turned down or refused is not asked again: the
    same words would get the same answer.
    """
    tried = request
    while True:
        response = await caller.ask(tried, asking.purpose, asking.round_number)
        if response.finish_reason == "stop":
            if (value := read(response.text)) is not None:
                return response, value
        elif response.finish_reason == "length":
            tried = replace(tried, max_tokens=2 * request.max_tokens)
        elif response.finish_reason != "empty":
            return response, None
        if tried.sample >= asking.resamples:
            return response, None
        tried = replace(tried, sample=tried.sample + 1)
