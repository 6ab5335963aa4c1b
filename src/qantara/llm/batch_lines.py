"""The lines of OpenAI's batch files: requests into JSONL, and what the lines of output and error files say. No network here.

A line's body is what the endpoint backend would send for the same request and its `custom_id` is the call's key, so answers of both
are interchangeable. Format: https://platform.openai.com/docs/guides/batch and `openai.types.Batch`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from qantara.llm.faults import fault_of_status
from qantara.llm.interface import Fault, Request, Response, call_key
from qantara.llm.wire import chat_body, read_completion, refusal, turned_down

ENDPOINT = "/v1/chat/completions"
_NOT_STARTED = frozenset({"batch_expired", "batch_cancelled"})  # the server did not get to it; nothing is billed


def request_line(request: Request, *, reasoning: bool = False) -> bytes:
    """Return the line of one request, with its line end; `reasoning` as in `chat_body`."""
    body = chat_body(request, reasoning=reasoning)
    line = {"custom_id": call_key(request), "method": "POST", "url": ENDPOINT, "body": body}
    return json.dumps(line, ensure_ascii=False).encode("utf-8") + b"\n"


def write_lines(path: Path, requests: Iterable[Request], *, reasoning: bool = False) -> None:
    """Write a batch file; `reasoning` as in `chat_body`."""
    with path.open("wb") as out:
        out.writelines(request_line(request, reasoning=reasoning) for request in requests)


def portions(requests: Iterable[Request], most_requests: int, most_bytes: int) -> Iterator[list[Request]]:
    """Yield the requests of one file after the other: one model a file, as many requests and bytes as are allowed.

    A single request over `most_bytes` gets a file of its own; the server says what is wrong with it.
    """
    by_model: dict[str, list[Request]] = {}
    for request in requests:
        by_model.setdefault(request.model, []).append(request)
    for same_model in by_model.values():
        portion: list[Request] = []
        num_bytes = 0
        for request in same_model:
            size = len(request_line(request))
            if portion and (len(portion) == most_requests or num_bytes + size > most_bytes):
                yield portion
                portion, num_bytes = [], 0
            portion.append(request)
            num_bytes += size
        yield portion


def read_line(line: bytes, requests: Mapping[str, Request]) -> tuple[str, Response | Fault] | None:
    """Return key and outcome of a line of an output or error file; None for a line of no request, or one that can't be read.

    Requests are given by key. A batch has no time a call: `seconds` is 0.
    """
    try:
        told = json.loads(line)
    except ValueError:
        return None
    key = told.get("custom_id") if isinstance(told, dict) else None
    if not isinstance(key, str) or key not in requests:
        return None
    return key, _outcome(told, requests[key])


def _outcome(told: Mapping[str, object], request: Request) -> Response | Fault:
    response = told.get("response")
    if not isinstance(response, dict) or not isinstance(status := response.get("status_code"), int):
        error = told.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        return "overloaded" if code in _NOT_STARTED else "server_error"
    body = response.get("body")
    if (fault := fault_of_status(status)) is not None:
        return fault
    if status >= 400:
        return turned_down(request, refusal(status, body), status, 0.0)
    return read_completion(body, request, 0.0) or "unparseable"
