"""The OpenAI protocols of chat and raw completions as plain values: a request's body, and what a body that came back says.

Shared by the endpoint, which sends one body a call, and by the batch file, which sends many. No network here.
"""

import json
import re
from dataclasses import replace
from typing import Any, Literal

from qantara.llm.interface import FinishReason, Request, Response, messages, whole_or_empty
from qantara.llm.token_scores import read_token_scores

Json = dict[str, Any]
Refusal = Literal["bad_request", "context_overflow"]
_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length", "content_filter": "refused"}
_OVERFLOW = re.compile(
    r"context[_ ](?:length|window|size)|maximum context|max(?:imum)?[_ ](?:model|sequence|input)[_ ]len|too many tokens"
    r"|prompt is too long|input is too long|exceeds? the (?:available )?(?:context|model)",
    re.IGNORECASE,
)


def path_of(request: Request) -> str:
    """Return where a request is sent to, below the server's base URL."""
    return "completions" if request.prompt else "chat/completions"


def request_body(request: Request, *, reasoning: bool = False) -> Json:
    """Return the body of a request, as `path_of` takes it; `reasoning` as in `chat_body`."""
    return completion_body(request) if request.prompt else chat_body(request, reasoning=reasoning)


def completion_body(request: Request) -> Json:
    """Return the body of a raw completions request, whose prompt no chat template touches."""
    body: Json = {"model": request.model, "prompt": request.prompt, "max_tokens": request.max_tokens}
    body["temperature"] = request.temperature
    if request.stop:
        body["stop"] = list(request.stop)
    if request.top_logprobs:
        body["logprobs"] = request.top_logprobs
    if request.echo:
        body["echo"] = True
    return body


def chat_body(request: Request, *, reasoning: bool = False) -> Json:
    """Return the body of a chat completions request; letters stay as they are, so no prompt is sent as escapes.

    `reasoning`: as OpenAI's reasoning models want it, which refuse a temperature and the older name of the limit.
    """
    body: Json = {"model": request.model, "messages": messages(request)}
    if reasoning:
        body["max_completion_tokens"] = request.max_tokens
    else:
        body |= {"max_tokens": request.max_tokens, "temperature": request.temperature}
    if request.stop:
        body["stop"] = list(request.stop)
    if request.top_logprobs:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    if request.schema:
        schema = {"name": "answer", "strict": True, "schema": json.loads(request.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def read_completion(body: object, request: Request, seconds: float) -> Response | None:
    """Return what a chat or raw completion says; None if the body is none (a web page, a cut-off object, another protocol)."""
    if not isinstance(body, dict) or not isinstance(choices := body.get("choices"), list):
        return None
    if not choices:
        return _response(body, request, "", "empty", seconds)
    choice = choices[0]
    message = choice if request.prompt else choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        return None
    text = message.get("text" if request.prompt else "content") or ""
    if not isinstance(text, str) or (request.prompt and "text" not in message):
        return None
    text = text.removeprefix(request.prompt) if request.echo else text
    reason = "refused" if message.get("refusal") else _FINISH.get(str(choice.get("finish_reason")), "other")
    response = _response(body, request, text, whole_or_empty(text, reason), seconds)
    if not request.top_logprobs:
        return response
    return replace(response, tokens=read_token_scores(choice.get("logprobs"), request.top_logprobs))


def refusal(status: int, body: object) -> Refusal:
    """Say why a server turned a request down (HTTP 4xx): too long for the model, or bad for another reason."""
    told = json.dumps(body) if isinstance(body, dict) else str(body)
    return "context_overflow" if status == 413 or _OVERFLOW.search(told) else "bad_request"


def turned_down(request: Request, reason: Refusal, status: int, seconds: float) -> Response:
    """Return the response that stands for a request the server turned down."""
    return Response(
        text="",
        finish_reason=reason,
        prompt_tokens=None,
        completion_tokens=None,
        model=request.model,
        seconds=seconds,
        status=status,
    )


def _response(body: Json, request: Request, text: str, reason: FinishReason, seconds: float) -> Response:
    usage = body["usage"] if isinstance(body.get("usage"), dict) else {}
    details = usage.get("prompt_tokens_details")
    return Response(
        text=text,
        finish_reason=reason,
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(details.get("cached_tokens")) if isinstance(details, dict) else None,
        model=str(body.get("model") or request.model),
        seconds=round(seconds, 3),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
