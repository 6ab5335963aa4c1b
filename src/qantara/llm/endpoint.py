"""Any OpenAI-compatible server, many calls in flight, through the `openai` SDK with its aiohttp transport.

The SDK retries timeouts, 429 (with Retry-After) and 5xx, a bounded number of times. What it can't mend is one CallError
without keys or text. The key comes from the environment only.
"""

import asyncio
import os
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import aiohttp
from pydantic import BaseModel, ConfigDict, Field

from qantara.errors import CallError
from qantara.llm.interface import FinishReason, Request, Response

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length", "content_filter": "refused"}


class EndpointConfig(BaseModel):
    """A server that speaks the OpenAI chat completions protocol."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["endpoint"]
    url: str = Field(pattern=r"^https?://[^@]+$", description="base URL without credentials, usually ending in /v1")
    model: str = Field(min_length=1, description="the model's name on that server")
    api_key_env: str = Field(
        default="OPENAI_API_KEY", description="environment variable that holds the key; unset: none is needed"
    )
    concurrency: int = Field(default=16, ge=1, le=1024, description="calls in flight at most")
    timeout_seconds: float = Field(default=120, gt=0, le=3600, description="longest wait for one answer")
    max_retries: int = Field(default=3, ge=0, le=20, description="further tries of one call after a passing fault")


class EndpointBackend:
    """Calls to a server; the connection is opened for each batch and closed after it."""

    name = "endpoint"

    def __init__(self, config: EndpointConfig) -> None:
        self._config = config

    def complete(self, requests: Iterable[Request]) -> Iterator[tuple[int, Response]]:
        """Yield answers as they arrive. Closing the iterator cancels what is still in flight.

        A request is taken when it is sent. After a failure nothing more is sent; it rises when all in flight have come back.
        """
        with asyncio.Runner() as runner:
            batch = _Batch(self._config, requests)
            try:
                runner.run(batch.start())
                while (arrived := runner.run(batch.next())) is not None:
                    yield from arrived
            finally:
                runner.run(batch.stop())


class _Batch:
    def __init__(self, config: EndpointConfig, requests: Iterable[Request]) -> None:
        self._config = config
        self._waiting = enumerate(requests)
        self._failure: BaseException | None = None
        self._flying: dict[asyncio.Task[Response], int] = {}
        self._client: AsyncOpenAI | None = None

    async def start(self) -> None:
        from openai import AsyncOpenAI, DefaultAioHttpClient

        self._client = AsyncOpenAI(
            base_url=self._config.url,
            api_key=os.environ.get(self._config.api_key_env) or "none",
            timeout=self._config.timeout_seconds,
            max_retries=self._config.max_retries,
            http_client=DefaultAioHttpClient(),
        )

    async def next(self) -> list[tuple[int, Response]] | None:
        while self._failure is None and len(self._flying) < self._config.concurrency:
            if (item := next(self._waiting, None)) is None:
                break
            number, request = item
            self._flying[asyncio.create_task(self._call(request))] = number
        if not self._flying:
            if self._failure is not None:
                raise self._failure
            return None
        done, _ = await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
        arrived = []
        for task in done:
            number = self._flying.pop(task)
            if error := task.exception():
                self._failure = self._failure or error
            else:
                arrived.append((number, task.result()))
        return arrived

    async def stop(self) -> None:
        for task in self._flying:
            task.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    async def _call(self, request: Request) -> Response:
        import openai
        from openai.types.chat import ChatCompletion

        if self._client is None:
            raise RuntimeError("a batch is started before it is waited for")
        started = time.monotonic()
        try:
            answer = await self._client.chat.completions.create(**_parameters(request))
        except openai.APITimeoutError as error:
            if _never_connected(error):
                raise CallError(f"{self._place()}: can't be reached; start the server or change its url") from error
            raise CallError(
                f"{self._place()}: no answer in {self._config.timeout_seconds:g} s; raise timeout_seconds"
            ) from error
        except openai.APIConnectionError as error:
            raise CallError(f"{self._place()}: can't be reached; start the server or change its url") from error
        except openai.APIStatusError as error:
            raise CallError(f"{self._place()}: {_status_advice(error.status_code, request.model)}") from error
        except openai.OpenAIError as error:
            raise CallError(f"{self._place()}: the call failed ({type(error).__name__}); check the server") from error
        if not isinstance(answer, ChatCompletion):  # a web page, say: the SDK hands it on as text
            raise CallError(
                f"{self._place()}: the answer is no chat completion; is the url right (does it end in /v1)?"
            )
        return _response(answer, request, time.monotonic() - started)

    def _place(self) -> str:
        parts = urlsplit(self._config.url)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "") + parts.path


def _parameters(request: Request) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "model": request.model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
    }
    if request.stop:
        parameters["stop"] = list(request.stop)
    return parameters


def _response(answer: Any, request: Request, seconds: float) -> Response:  # noqa: ANN401 - servers differ in what they fill
    if not answer.choices:
        return Response(
            text="",
            finish_reason="other",
            prompt_tokens=None,
            completion_tokens=None,
            model=request.model,
            seconds=seconds,
        )
    choice, usage = answer.choices[0], answer.usage
    text = choice.message.content or ""
    reason = "refused" if getattr(choice.message, "refusal", None) else _FINISH.get(choice.finish_reason, "other")
    if reason == "stop" and not text.strip():
        reason = "other"
    return Response(
        text=text,
        finish_reason=reason,
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        model=answer.model or request.model,
        seconds=seconds,
    )


def _status_advice(status: int, model: str) -> str:
    if status in (401, 403):
        return f"the key was not accepted (HTTP {status}); set the environment variable named in api_key_env"
    if status == 404:
        return f"no such model or path (HTTP 404, model {model}); check url and model"
    if status == 429:
        return "too many requests (HTTP 429), also after retries; lower concurrency and run again"
    if status >= 500:
        return f"the server failed (HTTP {status}), also after retries; run again when it is well"
    return f"the request was refused (HTTP {status}); check model and max_output_tokens"


def _never_connected(error: BaseException) -> bool:
    """Tell whether a "timeout" is in truth a refused connection: the SDK's aiohttp transport (openai 3.54) names both so."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, aiohttp.ClientConnectorError):
        cause = cause.__cause__
    return cause is not None
