"""Any OpenAI-compatible server, many calls in flight, over aiohttp (the SDKs cost ten times its processor time a call).

Passing faults are tried again, with what the server says about waiting; a request that the server turns down for good is an
answer of its own kind. Errors hold neither keys nor text. The key comes from the environment only.
"""

import asyncio
import ipaddress
import json
import os
import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from qantara.errors import CallError, CallFailed
from qantara.llm.breaker import Breaker
from qantara.llm.faults import (
    FATAL,
    FLOW_CONTROL,
    TURNED_DOWN,
    Failure,
    exhausted_for,
    fault_of_status,
    retry_after,
    wait_before,
)
from qantara.llm.gate import Gate
from qantara.llm.interface import Request, Response, Sending
from qantara.llm.limits import InFlight
from qantara.llm.sizes import Sizes
from qantara.llm.wire import path_of, read_completion, refusal, request_body, turned_down

if TYPE_CHECKING:
    import aiohttp

_MOST_FLOW_CONTROL_TRIES = 100
_MOST_FIRST_RETRIES = 2
_ALL_TURNED_DOWN = 20
_CONNECT_SECONDS = 15.0
_NO_CREDIT = b"insufficient_quota"  # OpenAI's code for an account without money, sent as a 429 that no waiting mends
_SAYS = {
    "rate_limited": "too many requests (HTTP 429)",
    "overloaded": "the server is overloaded",
    "server_error": "the server failed",
    "timeout": "no answer in time; raise timeout_seconds",
    "unreachable": "can't be reached; start the server or change its url",
    "connection": "the connection was lost",
    "unparseable": "the answer is no chat completion; is the url right (does it end in /v1)?",
}


class EndpointConfig(BaseModel):
    """A server that speaks the OpenAI chat completions protocol, and raw completions where those are asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["endpoint"]
    url: str = Field(
        pattern=r"^https?://[^@?#]+$", description="base URL without credentials or query, usually ending in /v1"
    )
    model: str = Field(min_length=1, description="the model's name on that server")
    api_key_env: str = Field(
        default="OPENAI_API_KEY", description="environment variable that holds the key; unset: none is needed"
    )
    concurrency: int = Field(default=64, ge=1, le=4096, description="calls in flight at most; grows to it on success")
    timeout_seconds: float = Field(default=120, gt=0, le=3600, description="longest wait for one answer")
    max_retries: int = Field(default=6, ge=0, le=100, description="further tries of one call after a passing fault")
    requests_per_minute: float | None = Field(default=None, gt=0, description="quota of the endpoint; none: no limit")
    tokens_per_minute: float | None = Field(
        default=None, gt=0, description="quota of the endpoint, prompt and answer together; none: no limit"
    )
    breaker_pauses: int = Field(
        default=6, ge=0, le=100, description="pauses in a row (5 s, doubling to 60 s) while most calls fail, then stop"
    )
    reasoning: bool = Field(
        default=False,
        description="a reasoning model of OpenAI's kind: max_completion_tokens, which its thoughts count to, no temperature",
    )
    enforce_schema: bool = Field(
        default=False, description="send a judge's JSON schema as response_format (vLLM, OpenAI and others know it)"
    )

    @field_validator("url")
    @classmethod
    def _names_a_host(cls, url: str) -> str:
        place_of(url)  # a port that is none is a ValueError
        if not urlsplit(url).hostname:
            raise ValueError("it names no host")
        return url


class EndpointBackend:
    """Calls to one server; the connections live from the first call until `close`."""

    name = "endpoint"

    def __init__(self, config: EndpointConfig) -> None:
        self._config = config
        self._place = place_of(config.url)
        self._url = config.url.rstrip("/")
        self.gate = Gate(
            self._place,
            InFlight(config.concurrency),
            Breaker(config.breaker_pauses),
            requests_per_minute=config.requests_per_minute,
            tokens_per_minute=config.tokens_per_minute,
        )
        self._sizes = Sizes()
        self._dice = random.Random()
        self._num_turned_down = 0
        self._session: aiohttp.ClientSession | None = None

    @property
    def capacity(self) -> int:
        """Return how many calls may be in flight."""
        return self._config.concurrency

    async def answer(self, request: Request, sending: Sending) -> Response:
        """Return the answer of the server; see `Backend`."""
        asked = request_body(request, reasoning=self._config.reasoning)
        body = json.dumps(asked, ensure_ascii=False).encode("utf-8")
        failures = slow_downs = 0
        while True:
            outcome = await self._enter_and_try(request, body, sending)
            if isinstance(outcome, Response):
                return outcome
            failures += outcome.fault not in FLOW_CONTROL
            slow_downs += outcome.fault in FLOW_CONTROL
            if self._is_last(outcome, failures, slow_downs):
                raise self._error(outcome, request)
            await asyncio.sleep(wait_before(failures + slow_downs, outcome, self._dice))

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _is_last(self, failure: Failure, failures: int, slow_downs: int) -> bool:
        breaker = self.gate.breaker
        if failure.fault in FATAL or failures > self._config.max_retries or slow_downs > _MOST_FLOW_CONTROL_TRIES:
            return True
        if breaker.has_ever_succeeded or failure.fault in FLOW_CONTROL:
            return False
        # a server that never answered anything is more likely misnamed than unwell: no pauses for it
        return failures > _MOST_FIRST_RETRIES or not breaker.is_closed

    async def _enter_and_try(self, request: Request, body: bytes, sending: Sending) -> Response | Failure:
        estimate = self._sizes.estimate(request, len(body))
        began = await self.gate.enter(estimate)
        try:
            await sending()
            outcome, headers = await self._try(request, body)
            if isinstance(outcome, Response) and self._is_all_turned_down(outcome):
                outcome = Failure("not_found", outcome.status)
            if isinstance(outcome, Failure):
                await sending.ended(outcome.fault)
        except BaseException:
            self.gate.given_up(began, estimate)
            raise
        if isinstance(outcome, Failure):
            # nothing is awaited from here to a fatal error's end: whoever gets this place finds the desk stopped
            self.gate.failed(outcome, began, estimate)
            return outcome
        self._sizes.learn(len(body), outcome)
        used = None if outcome.prompt_tokens is None else outcome.prompt_tokens + (outcome.completion_tokens or 0)
        self.gate.answered(estimate, used, exhausted_for(headers))
        return outcome

    async def _try(self, request: Request, body: bytes) -> tuple[Response | Failure, Mapping[str, str]]:
        import aiohttp

        started = time.monotonic()
        try:
            # no redirection: it would take the texts to a server that nobody named
            url = f"{self._url}/{path_of(request)}"
            async with self._opened().post(url, data=body, allow_redirects=False) as answer:
                content = await answer.read()
                status, headers = answer.status, answer.headers
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL):
            return Failure("unreachable"), {}
        except TimeoutError:
            return Failure("timeout"), {}
        except (aiohttp.ClientError, OSError):
            return Failure("connection"), {}
        seconds = time.monotonic() - started
        fault = fault_of_status(status)
        if fault == "rate_limited" and _NO_CREDIT in content:
            return Failure("refused_key", status), headers
        if fault is not None:
            return Failure(fault, status, retry_after(headers) or exhausted_for(headers)), headers
        parsed = _json(content)
        if status >= 400:
            return turned_down(request, refusal(status, parsed), status, seconds), headers
        response = read_completion(parsed, request, seconds)
        return response or Failure("unparseable", status), headers

    def _opened(self) -> "aiohttp.ClientSession":
        import aiohttp

        if self._session is None:
            key = os.environ.get(self._config.api_key_env, "").strip() or "none"
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # the gate limits
                timeout=aiohttp.ClientTimeout(total=self._config.timeout_seconds, sock_connect=_CONNECT_SECONDS),
                headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
                trust_env=not _is_loopback(self._config.url),  # proxies of the environment, but not to this machine
            )
        return self._session

    def _is_all_turned_down(self, response: Response) -> bool:
        """Tell whether the server turned down every one of the first requests: then it is not the texts' fault."""
        if response.finish_reason == "stop" or response.tokens:
            self._num_turned_down = -1
        if response.finish_reason != "bad_request" or self._num_turned_down < 0:
            return False
        self._num_turned_down += 1
        return self._num_turned_down >= _ALL_TURNED_DOWN

    def _error(self, failure: Failure, request: Request) -> CallError:
        status = f" (HTTP {failure.status})" if failure.status and failure.fault != "rate_limited" else ""
        if failure.fault == "refused_key" and failure.status in (402, 429):
            return CallError(f"{self._place}: the account has no credit left (HTTP {failure.status})")
        if failure.fault == "refused_key":
            advice = f"the key was not accepted{status}; set the environment variable named in api_key_env"
            return CallError(f"{self._place}: {advice}")
        if failure.fault == "not_found" and failure.status in TURNED_DOWN:
            says = f"the first {_ALL_TURNED_DOWN} requests were all turned down{status}; check model and settings, then run"
            return CallError(f"{self._place}: {says} `qantara calls forget RUN` so that they are asked again")
        if failure.fault == "not_found":
            return CallError(
                f"{self._place}: no such model or path{status}, model {request.model}, /{path_of(request)}; check url and model"
            )
        if not self.gate.breaker.has_ever_succeeded:
            return CallError(f"{self._place}: {_SAYS[failure.fault]}{status}")
        return CallFailed(f"{self._place}: {_SAYS[failure.fault]}{status}, also after retries", failure.fault)


def place_of(url: str) -> str:
    """Return a URL as it may be shown: without credentials, query or fragment."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "") + parts.path


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _json(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None
