from collections.abc import Callable, Iterable, Iterator

import pytest

from qantara.ledger import open_ledger
from qantara.llm.caller import Caller
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Request, Response


class Script:
    """A backend that answers by a function of the request and keeps what it was asked."""

    name = "script"

    def __init__(self, answer: Callable[[Request], str | Response]) -> None:
        self.answer = answer
        self.asked: list[Request] = []

    def complete(self, requests: Iterable[Request]) -> Iterator[tuple[int, Response]]:
        for number, request in enumerate(requests):
            self.asked.append(request)
            answer = self.answer(request)
            yield number, response(answer) if isinstance(answer, str) else answer


def response(text: str, finish_reason: str = "stop") -> Response:
    return Response(
        text=text, finish_reason=finish_reason, prompt_tokens=None, completion_tokens=None, model="m", seconds=0.0
    )


@pytest.fixture
def caller(tmp_path):
    """Return a function that puts a scripted backend behind a fresh ledger."""

    def make(answer: Callable[[Request], str | Response]) -> tuple[Caller, Script]:
        backend = Script(answer)
        return Caller(backend, CallLedger(open_ledger(tmp_path / f"ledger-{id(backend)}.sqlite"))), backend

    return make


@pytest.fixture
def answered():
    """Return the function that makes a response."""
    return response
