"""The one interface to a language model: messages in, text out. Endpoint, local and recorded models are all a `Backend`.

Nothing here talks to a model; who keeps the answers is `calls`, who decides what must be asked is `caller`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from qantara.records import Role

FinishReason = Literal["stop", "length", "refused", "other"]
PROTOCOL_VERSION = 1  # part of every key: a change here makes every call a new one


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation with a model."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a model; `temperature` 0 is greedy, `stop` strings end the text and are not part of it."""

    model: str
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back; only `stop` is a whole answer. A token count that the model did not tell is None, never 0."""

    text: str
    finish_reason: FinishReason
    prompt_tokens: int | None
    completion_tokens: int | None
    model: str
    seconds: float


class Backend(Protocol):
    """Something that answers requests."""

    @property
    def name(self) -> str:
        """Return the kind of the backend, as the ledger keeps it."""
        ...

    def complete(self, requests: Iterable[Request]) -> Iterator[tuple[int, Response]]:
        """Yield each request's position and answer in the order of arrival.

        A backend whose calls cost money takes a request from `requests` only when it sends it: the caller writes down at that
        moment that it was sent. Raises CallError when a request can't be answered, after yielding what else was in flight.
        """
        ...


def parameters(request: Request) -> dict[str, object]:
    """Return the settings of a request that change its answer, as plain values."""
    return {"max_tokens": request.max_tokens, "temperature": float(request.temperature), "stop": list(request.stop)}


def messages(request: Request) -> list[dict[str, str]]:
    """Return the messages of a request as every chat interface takes them."""
    return [{"role": message.role, "content": message.content} for message in request.messages]


def call_key(request: Request) -> str:
    """Return the key of a call: 32 hexadecimal digits of BLAKE2b over everything that is sent to the model."""
    parts = [PROTOCOL_VERSION, request.model, parameters(request), messages(request)]
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


def whole_or_other(text: str, finish_reason: FinishReason) -> FinishReason:
    """Return the finish reason, with `other` for a "whole" answer that holds no text: that is no success."""
    return "other" if finish_reason == "stop" and not text.strip() else finish_reason
