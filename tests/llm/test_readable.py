"""Asking until it can be read: what is asked again, how often, and what is not."""

import asyncio
from dataclasses import replace
from typing import get_args

import pytest

from qantara.ledger import open_ledger
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.interface import FinishReason, Message, Request, Response
from qantara.llm.readable import Asking, ask_readable, json_object, why_of_no_use

REQUEST = Request(model="m", messages=(Message("user", "q"),), max_tokens=10)


class Script:
    """A backend that gives one answer after the other: (finish reason, text)."""

    name = "script"
    capacity = 4

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    async def answer(self, request, sending):
        await sending()
        self.requests.append((request.sample, request.max_tokens))
        reason, text = self.answers.pop(0)
        return Response(text=text, finish_reason=reason, prompt_tokens=1, completion_tokens=1, model="m", seconds=0.0)

    async def close(self):
        pass


@pytest.fixture
def desk(tmp_path):
    ledger = CallLedger(open_ledger(tmp_path / "ledger.sqlite"))
    yield Desk(ledger)
    ledger.engine.dispose()


def asked(desk, *answers, resamples=2):
    script = Script(*answers)
    asking = Asking(purpose="judge", round_number=3, resamples=resamples)

    async def run():
        number = lambda text: int(text) if text.isdigit() else None  # noqa: E731
        try:
            return await ask_readable(Caller(script, desk), REQUEST, number, asking)
        finally:
            desk.close()

    response, value = asyncio.run(run())
    return response.finish_reason, value, script.requests


def test_a_readable_answer_is_asked_for_once(desk):
    assert asked(desk, ("stop", "7")) == ("stop", 7, [(0, 10)])


def test_what_can_not_be_read_is_asked_again_as_a_further_sample(desk):
    assert asked(desk, ("stop", "x"), ("empty", ""), ("stop", "7")) == ("stop", 7, [(0, 10), (1, 10), (2, 10)])


def test_what_was_cut_off_gets_twice_the_tokens_and_no_more_than_that(desk):
    answers = [("length", "7"), ("length", "7"), ("stop", "7")]
    assert asked(desk, *answers) == ("stop", 7, [(0, 10), (1, 20), (2, 20)])


@pytest.mark.parametrize("reason", ["refused", "bad_request", "context_overflow", "other"])
def test_what_would_get_the_same_answer_is_not_asked_again(desk, reason):
    assert asked(desk, (reason, "7")) == (reason, None, [(0, 10)])


@pytest.mark.parametrize("last", [("stop", "x"), ("length", "7"), ("empty", "")])
def test_after_so_many_there_is_no_value(desk, last):
    assert asked(desk, ("stop", "x"), last, resamples=1) == (last[0], None, [(0, 10), (1, 10)])


def test_every_asking_is_a_call_of_its_own_in_the_ledger(desk, tmp_path):
    asked(desk, ("stop", "x"), ("stop", "x"), ("stop", "x"))
    [total] = CallLedger(open_ledger(tmp_path / "ledger.sqlite")).totals()
    assert (total.calls, total.purpose, total.round) == (3, "judge", 3)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Here:\n```json\n{"a": {"b": []}}\n```', {"a": {"b": []}}),
        ("", None),
        ("}{", None),
        ('{"a": ', None),
        ('{"a": 1} and {"b": 2}', None),
        ('{"a": ' * 100_000 + "}", None),
    ],
)
def test_the_object_in_an_answer_is_found_or_there_is_none(text, found):
    assert json_object(text) == found


def test_every_finish_that_is_no_success_has_a_code_of_its_own():
    whole = Response(text="", finish_reason="stop", prompt_tokens=1, completion_tokens=1, model="m", seconds=0.0)
    reasons = [reason for reason in get_args(FinishReason) if reason != "stop"]
    codes = {why_of_no_use(replace(whole, finish_reason=reason))[0] for reason in reasons}
    assert len(codes) == len(reasons) == 6
