"""The one interface to a language model: a request in, a response out. All ways to ask one are `Backend`s.

Nothing here talks to a model; who keeps the answers is `calls`, who decides what must be asked is `caller`.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from qantara.records import Role

FinishReason = Literal["stop", "length", "refused", "empty", "bad_request", "context_overflow", "other"]
Fault = Literal[
    "rate_limited",
    "overloaded",
    "server_error",
    "timeout",
    "unreachable",
    "connection",
    "unparseable",
    "refused_key",
    "not_found",
]
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
PROTOCOL_VERSION = 2  # part of every key: a change here makes every call a new one
MOST_LOGPROBS = 20  # alternatives a token: what OpenAI takes, and vLLM unless it is told otherwise


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation with a model."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a model; `temperature` 0 is greedy, `stop` strings end the text and are not part of it.

    `schema` is a JSON Schema (as JSON text) that the server is asked to enforce, "" for free text. `sample` tells a deliberate
    further asking of the same request from the first: it is part of the key and is not sent.

    With `top_logprobs` (1..20) the response holds `tokens`, each with so many of the likeliest in its place. A `prompt` is asked
    instead of messages and continued exactly as it stands, without a chat template; with `echo` its tokens are told too. What
    can't be asked together is a ValueError.
    """

    model: str
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    schema: str = ""
    sample: int = 0
    top_logprobs: int = 0
    prompt: str = ""
    echo: bool = False

    def __post_init__(self) -> None:
        """Refuse what no server could make sense of."""
        if not 0 <= self.top_logprobs <= MOST_LOGPROBS:
            raise ValueError(f"top_logprobs is 0 to {MOST_LOGPROBS}, not {self.top_logprobs}")
        if self.prompt and self.messages:
            raise ValueError("a request holds messages or a prompt, not both")
        if self.echo and not (self.prompt and self.top_logprobs):
            raise ValueError("echo is of a prompt, with top_logprobs")


class TokenScore(NamedTuple):
    """A token as the server writes it, its natural log-probability, and the likeliest tokens in its place, likeliest first.

    `log_probability` is None where none was told or it is no finite number: nothing stands before the first token of a prompt.
    """

    text: str
    log_probability: float | None
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back; only `stop` is a whole answer. A token count that the model did not tell is None, never 0.

    `length` was cut off, `refused` by the model or a filter, `empty` held no text, `bad_request` and `context_overflow` were turned
    down by the server (`status` is then its HTTP status): all of them are answers that are remembered, none is a success.
    `tokens` are those of the answer, after an echoed prompt's; None: not asked for, or the server told none.
    """

    text: str
    finish_reason: FinishReason
    prompt_tokens: int | None
    completion_tokens: int | None
    model: str
    seconds: float
    cached_tokens: int | None = None
    status: int | None = None
    tokens: tuple[TokenScore, ...] | None = None


class Sending(Protocol):
    """What a backend awaits before each try that may cost money."""

    async def __call__(self, after: Fault | None = None) -> None:
        """Note that a try begins; `after` tells how the last one ended that brought no answer. Raises when nothing may be sent."""
        ...

    async def ended(self, fault: Fault) -> None:
        """Note at once how a try ended that brought no answer; a process killed later then knows that nothing was on its way."""
        ...


class Backend(Protocol):
    """Something that answers requests, many at once."""

    @property
    def name(self) -> str:
        """Return the kind of the backend, as the ledger keeps it."""
        ...

    @property
    def capacity(self) -> int:
        """Return how many calls it is good to have waiting at once."""
        ...

    async def answer(self, request: Request, sending: Sending) -> Response:
        """Return the answer; `sending` is awaited before each try that may cost money, and a try is made only if it returns.

        Passing faults are tried again inside, a bounded number of times, then CallFailed rises: this call alone has no answer.
        Raises CallError for what concerns every call and the user has to mend.
        """
        ...

    async def close(self) -> None:
        """Give back connections, threads and models; what still waits for an answer is cancelled."""
        ...


def parameters(request: Request) -> dict[str, object]:
    """Return what changes an answer besides model and messages, as plain values; what is not asked for is left out."""
    settings: dict[str, object] = {
        "max_tokens": request.max_tokens,
        "temperature": float(request.temperature),
        "stop": list(request.stop),
    }
    optional = {"schema": request.schema, "top_logprobs": request.top_logprobs}
    optional |= {"prompt": request.prompt, "echo": request.echo}
    return settings | {name: value for name, value in optional.items() if value}


def messages(request: Request) -> list[dict[str, str]]:
    """Return the messages of a request as every chat interface takes them."""
    return [{"role": message.role, "content": message.content} for message in request.messages]


def call_key(request: Request) -> str:
    """Return the key of a call: 32 hexadecimal digits of BLAKE2b over everything that is sent to the model, and the sample."""
    parts = [PROTOCOL_VERSION, request.model, parameters(request), messages(request), request.sample]
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


def storable(text: str) -> str:
    """Return a text that every database can keep: what models emit that is no text (NUL, lone surrogates) becomes U+FFFD."""
    return _NO_TEXT.sub("\ufffd", text)


def whole_or_empty(text: str, finish_reason: FinishReason) -> FinishReason:
    """Return the finish reason, with `empty` for a "whole" answer that holds no text: that is no success."""
    return "empty" if finish_reason == "stop" and not text.strip() else finish_reason
