"""Recorded calls: a backend that answers from a JSONL file (`.gz` too), and the format of one line.

A line holds `key`, `model`, `messages`, `parameters` and `response`; `qantara calls export` writes such a file. The key is
computed again while loading, so an edited line that no longer matches its key is found. A missing call is an error, never a guess.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from qantara.errors import CallError, DataError
from qantara.llm.interface import MOST_LOGPROBS, Message, Request, Response, Sending, call_key, messages, parameters


class RecordedConfig(BaseModel):
    """Answers come from a file of recorded calls; no model is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["recorded"] = Field(description="recorded: answers from a file")
    file: str = Field(min_length=1, description="JSONL file (.gz: compressed), relative to the recipe's folder")
    model: str = Field(min_length=1, description="the model whose answers were recorded, as in the file")


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid")
    max_tokens: Annotated[int, Field(gt=0)]
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    schema_: str = Field(default="", alias="schema")
    top_logprobs: Annotated[int, Field(ge=0, le=MOST_LOGPROBS)] = 0
    prompt: str = ""
    echo: bool = False


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    key: str
    model: str
    messages: tuple[Message, ...]
    parameters: _Parameters
    response: Response
    sample: int = 0


_LINE = TypeAdapter(_Line)


class RecordedBackend:
    """Answers from a file that is read on first use."""

    name = "recorded"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._answers: dict[str, Response] | None = None

    @property
    def capacity(self) -> int:
        """Return how many calls it is good to have waiting: they cost nothing and wait for nothing."""
        return 64

    async def answer(self, request: Request, sending: Sending) -> Response:
        """Return the recorded answer; raise CallError when it is not in the file."""
        if self._answers is None:
            self._answers = read_answers(self.path)
        key = call_key(request)
        if key not in self._answers:
            raise CallError(
                f"no recorded answer for call {key} (model {request.model}) in {self.path}: "
                "the prompt or the item changed; record again"
            )
        return self._answers[key]

    async def close(self) -> None:
        """There is nothing to give back."""


def call_record(request: Request, response: Response) -> dict[str, object]:
    """Return one call as a line of the recorded format."""
    answer: dict[str, object] = {
        "text": response.text,
        "finish_reason": response.finish_reason,
        "prompt_tokens": response.prompt_tokens,
        "completion_tokens": response.completion_tokens,
        "model": response.model,
        "seconds": response.seconds,
    }
    answer |= {"cached_tokens": response.cached_tokens} if response.cached_tokens is not None else {}
    answer |= {"status": response.status} if response.status is not None else {}
    answer |= {"tokens": response.tokens} if response.tokens is not None else {}
    return {
        "key": call_key(request),
        "model": request.model,
        "messages": messages(request),
        "parameters": parameters(request),
        "response": answer,
    } | ({"sample": request.sample} if request.sample else {})


def read_answers(path: Path) -> dict[str, Response]:
    """Return the answers of a file by key, or raise DataError that names file and line."""
    answers: dict[str, Response] = {}
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        recorded = _parse(path, number, line)
        request = Request(
            model=recorded.model,
            messages=recorded.messages,
            max_tokens=recorded.parameters.max_tokens,
            temperature=recorded.parameters.temperature,
            stop=recorded.parameters.stop,
            schema=recorded.parameters.schema_,
            top_logprobs=recorded.parameters.top_logprobs,
            prompt=recorded.parameters.prompt,
            echo=recorded.parameters.echo,
            sample=recorded.sample,
        )
        if (key := call_key(request)) != recorded.key:
            raise DataError(
                f"{path}, line {number}: the key is {recorded.key}, what is recorded has {key}; record again"
            )
        if answers.setdefault(key, recorded.response) != recorded.response:
            raise DataError(f"{path}, line {number}: call {key} is recorded twice with different answers; remove one")
    return answers


def _lines(path: Path) -> Iterator[str]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            yield from cast("Iterable[str]", file)
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file of recorded calls; check the path in the recipe") from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: can't be read as recorded calls ({error}); fetch or record it again") from error


def _parse(path: Path, number: int, line: str) -> _Line:
    try:
        content = json.loads(line)
        return _LINE.validate_python(_with_defaults(content))
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise DataError(f"{path}, line {number}: {place}: {fault['msg']}") from error
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{path}, line {number}: is no JSON object of a recorded call; remove it or record again"
        ) from error


def _with_defaults(content: Any) -> dict[str, Any]:  # noqa: ANN401  (whatever JSON the line holds)
    """Return a line whose answer has all its fields: a hand-written one may leave out counts, model and time."""
    if not isinstance(content, dict):
        raise TypeError("a line is a JSON object")
    defaults = {"prompt_tokens": None, "completion_tokens": None, "model": content.get("model"), "seconds": 0.0}
    return {**content, "response": {**defaults, **content["response"]}} if "response" in content else content
