"""The endpoint against a real HTTP server: limits, retries, refusals, a server that dies, a client that is killed in mid-run."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from aiohttp import web
from pydantic import ValidationError

from qantara.errors import CallError, CallFailed
from qantara.ledger import open_ledger
from qantara.llm.breaker import Breaker
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.endpoint import EndpointBackend, EndpointConfig
from qantara.llm.interface import Message, Request, TokenScore, call_key
from qantara.llm.streaming import in_order

FINISH = {
    "empty": ("", "stop"),
    "long": ("a", "length"),
    "filtered": ("", "content_filter"),
    "tools": ("a", "tool_calls"),
}


class Server:
    """An OpenAI-compatible server on a loopback port; what it does with a prompt stands in the prompt's first word."""

    def __init__(self, port: int = 0) -> None:
        self.asked: Counter[str] = Counter()
        self.bodies: list[dict] = []
        self.headers: list[dict] = []
        self.times: list[float] = []
        self.in_flight = self.most_in_flight = 0
        self.retry_after = "0.05"
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._answer)
        app.router.add_post("/v1/completions", self._raw)
        app.router.add_post("/page/chat/completions", self._page)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        self._loop.run_until_complete(site.start())
        self.port = site._server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text="<html>hello</html>", content_type="text/html")

    async def _raw(self, request: web.Request) -> web.Response:
        self.bodies.append(body := await request.json())
        if body["prompt"].startswith("status 400"):
            return web.json_response({"error": {"message": "no"}}, status=400)
        told = {"tokens": ["a", "b"], "token_logprobs": [None, -0.5], "top_logprobs": [None, {"b": -0.5}]}
        choice = {"index": 0, "finish_reason": "length", "text": body["prompt"] + "b", "logprobs": told}
        return web.json_response({"model": "served-model", "choices": [choice]})

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.times.append(time.monotonic())
        prompt = body["messages"][-1]["content"]
        self.asked[prompt] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._reply(request, prompt)
        finally:
            self.in_flight -= 1

    async def _reply(self, request: web.Request, prompt: str) -> web.StreamResponse:
        word, _, argument = prompt.partition(" ")
        if word == "sleep":
            await asyncio.sleep(float(argument.split()[0]))
        if word in FAULTS and self.asked[prompt] == 1:
            return await self._fault(request, word)
        if word == "status":
            code = argument.partition(" ")[2] or "no"
            error = {"error": {"message": f"no: {prompt}", "code": code}}
            return web.json_response(error, status=int(argument.split()[0]), headers={"Retry-After": "0.01"})
        text, reason = FINISH.get(word, (f"answer to {prompt}", "stop"))
        return web.json_response(completion(text, reason, None if word == "uncounted" else 3))

    async def _fault(self, request: web.Request, word: str) -> web.StreamResponse:
        whole = json.dumps(completion("a", "stop", 3))
        if word == "dropped":
            request.transport.abort()
        if word == "cut":
            answer = web.StreamResponse(headers={"Content-Length": str(len(whole))})
            await answer.prepare(request)
            await answer.write(whole[:40].encode())
            request.transport.close()
            return answer
        if word == "hang":
            await asyncio.sleep(30)
        if word == "broken":
            return web.Response(text=whole[:-30], content_type="application/json")
        status = {"busy": 429, "shaky": 500, "loading": 503}.get(word, 500)
        headers = {"Retry-After": self.retry_after}
        return web.json_response({"error": {"message": f"later: {word}"}}, status=status, headers=headers)


FAULTS = {
    "busy": "rate_limited",
    "shaky": "server_error",
    "loading": "overloaded",
    "dropped": "connection",
    "cut": "connection",
    "hang": "timeout",
    "broken": "unparseable",
}


def completion(text: str, reason: str, prompt_tokens: int | None) -> dict:
    usage = prompt_tokens and {"prompt_tokens": prompt_tokens, "completion_tokens": 4, "total_tokens": 7}
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}
    whole = {"id": "1", "object": "chat.completion", "created": 0, "model": "served-model"}
    return whole | {"choices": [choice], "usage": usage}


@pytest.fixture(scope="module")
def module_server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def server(module_server: Server) -> Server:
    for seen in (module_server.asked, module_server.bodies, module_server.headers, module_server.times):
        seen.clear()
    module_server.most_in_flight = 0
    module_server.retry_after = "0.05"
    return module_server


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


@pytest.fixture
def ledger(tmp_path):
    kept = CallLedger(open_ledger(tmp_path / "ledger.sqlite"))
    yield kept
    kept.engine.dispose()


@pytest.fixture
def ask(sending):
    """Return a function that asks a server several texts at once and returns the answers in their order."""

    def asked(port, *texts, **changes):
        async def all_of_them():
            asked = backend(port, **changes)
            try:
                return await asyncio.gather(*(asked.answer(request(text), sending) for text in texts))
            finally:
                await asked.close()

        return asyncio.run(all_of_them())

    return asked


def backend(port: int, **changes) -> EndpointBackend:
    settings = {"backend": "endpoint", "url": f"http://127.0.0.1:{port}/v1", "model": "m", "max_retries": 1}
    return EndpointBackend(EndpointConfig(**(settings | changes)))


def request(text: str, **changes) -> Request:
    return Request(**({"model": "m", "messages": (Message("user", text),), "max_tokens": 9, "stop": ("\n",)} | changes))


async def outcomes_of(caller, *texts):
    """Return the answer or the error of each text."""
    asking = (caller.ask(request(text), "translate") for text in texts)
    try:
        return await asyncio.gather(*asking, return_exceptions=True)
    finally:
        await caller.backend.close()
        caller.desk.close()


def test_answers_come_with_text_counts_and_model(server, ask):
    slow, quick = ask(server.port, "sleep 0.1", "quick")
    assert (quick.text, quick.finish_reason, quick.model) == ("answer to quick", "stop", "served-model")
    assert (quick.prompt_tokens, quick.completion_tokens, quick.status) == (3, 4, None)
    assert slow.text == "answer to sleep 0.1"
    assert 0.1 <= slow.seconds < 2


def test_what_is_sent_is_the_request_and_nothing_more(server, ask, monkeypatch):
    monkeypatch.setenv("QANTARA_TEST_KEY", "from-environment\n")  # as a file's content has it
    ask(server.port, "hello", api_key_env="QANTARA_TEST_KEY")
    assert server.bodies == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "hello"}],
            "max_tokens": 9,
            "temperature": 0.0,
            "stop": ["\n"],
        }
    ]
    assert server.headers[-1]["Authorization"] == "Bearer from-environment"


def test_a_reasoning_model_is_asked_in_its_own_words(server, ask):
    ask(server.port, "hello", reasoning=True)
    (body,) = server.bodies
    assert body["max_completion_tokens"] == 9
    assert not {"max_tokens", "temperature"} & set(body)


def test_at_most_so_many_calls_are_in_flight(server, ask):
    started = time.monotonic()
    assert len(ask(server.port, *(f"sleep 0.1 {i}" for i in range(12)), concurrency=4)) == 12
    assert server.most_in_flight == 4
    assert time.monotonic() - started < 1.0  # one after the other it would be 1.2 s


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [("empty", "empty"), ("long", "length"), ("filtered", "refused"), ("uncounted", "stop"), ("tools", "other")],
)
def test_only_a_whole_text_is_a_success_and_an_unknown_count_is_none(server, ask, prompt, reason):
    [answer] = ask(server.port, prompt)
    assert answer.finish_reason == reason
    assert (answer.prompt_tokens is None) == (prompt == "uncounted")


@pytest.mark.parametrize("word", FAULTS)
def test_a_passing_fault_is_tried_again_and_its_kind_is_noted(server, ask, sending, word):
    [answer] = ask(server.port, word, timeout_seconds=0.3)
    assert (answer.text, server.asked[word]) == (f"answer to {word}", 2)
    assert (sending.afters, sending.ends) == ([None, None], [FAULTS[word]])


@pytest.mark.parametrize("word", ["busy", "loading"])
def test_while_a_server_asks_for_patience_no_call_at_all_is_sent(server, ask, word):
    server.retry_after = "0.5"
    texts = [word, *(f"sleep 0.05 {i}" for i in range(8))]
    ask(server.port, *texts, concurrency=2)
    assert sum(at < server.times[0] + 0.5 for at in server.times) <= 2
    assert set(server.asked) == set(texts)


def test_quotas_told_in_headers_are_waited_for(server, ask, sending):
    # a 429 without Retry-After whose headers say when the quota is renewed
    fault = web.json_response(
        {}, status=429, headers={"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "400ms"}
    )
    server._fault, kept = lambda *_: _ready(fault), server._fault
    ask(server.port, "busy")
    server._fault = kept
    assert 0.4 <= server.times[1] - server.times[0] < 1.5


async def _ready(answer):
    return answer


@pytest.mark.parametrize(
    ("prompt", "reason", "status"),
    [
        ("status 400", "bad_request", 400),
        ("status 422", "bad_request", 422),
        ("status 400 context_length_exceeded", "context_overflow", 400),
        ("status 413", "context_overflow", 413),
    ],
)
def test_a_text_that_is_turned_down_is_an_answer_that_is_asked_for_once_ever(server, ledger, prompt, reason, status):
    for _ in range(2):
        [answer] = asyncio.run(outcomes_of(Caller(backend(server.port), Desk(ledger)), prompt))
        assert (answer.text, answer.finish_reason, answer.status) == ("", reason, status)
    assert server.asked[prompt] == 1
    assert ledger.interrupted() == 0


def raw(prompt: str) -> Request:
    return Request(model="m", messages=(), prompt=prompt, max_tokens=1, top_logprobs=1, echo=True)


def test_a_raw_prompt_goes_to_completions_and_its_tokens_come_back_also_from_the_ledger(server, ledger):
    async def run():
        caller = Caller(backend(server.port), Desk(ledger))
        try:
            return [await caller.ask(raw("a"), "evaluate") for _ in range(2)]
        finally:
            await caller.backend.close()
            caller.desk.close()

    first, again = asyncio.run(run())
    assert (first, first.text) == (again, "b")
    assert first.tokens == (TokenScore("a", None), TokenScore("b", -0.5, (("b", -0.5),)))
    body = {"model": "m", "prompt": "a", "max_tokens": 1, "temperature": 0.0, "logprobs": 1, "echo": True}
    assert server.bodies == [body]


def test_a_server_that_has_told_tokens_is_not_taken_for_one_that_turns_everything_down(server, sending):
    async def run():
        asked = backend(server.port)
        try:
            await asked.answer(raw("a"), sending)  # cut off at its one token, and all that was wanted
            turned_down = (asked.answer(raw(f"status 400 {i}"), sending) for i in range(25))
            return {answer.finish_reason for answer in await asyncio.gather(*turned_down)}
        finally:
            await asked.close()

    assert asyncio.run(run()) == {"bad_request"}


def test_when_all_of_the_first_requests_are_turned_down_it_is_not_the_texts_fault(server, ledger):
    prompts = [f"status 400 {i}" for i in range(40)]
    outcomes = asyncio.run(outcomes_of(Caller(backend(server.port, concurrency=4), Desk(ledger)), *prompts))
    errors = [str(outcome) for outcome in outcomes if isinstance(outcome, CallError)]
    assert "the first 20 requests were all turned down (HTTP 400)" in errors[0]
    assert len(server.asked) <= 24
    assert ledger.interrupted() == 0
    assert ledger.forget("bad_request") == 40 - len(errors) == 19


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("status 401", "the key was not accepted (HTTP 401)"),
        ("status 403", "the key was not accepted (HTTP 403)"),
        ("status 402", "the account has no credit left (HTTP 402)"),
        ("status 429 insufficient_quota", "the account has no credit left (HTTP 429)"),
        ("status 404", "no such model or path (HTTP 404), model m"),
        ("status 405", "no such model or path (HTTP 405), model m"),
        (
            "status 308",
            "no such model or path (HTTP 308), model m",
        ),  # texts go nowhere but to the server that was named
    ],
)
def test_what_concerns_every_call_is_one_line_without_key_or_text(server, ledger, monkeypatch, caplog, prompt, says):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    [error] = asyncio.run(outcomes_of(Caller(backend(server.port), Desk(ledger)), f"{prompt} a-patient-s-text"))
    assert isinstance(error, CallError)
    assert not isinstance(error, CallFailed)
    assert says in str(error)
    assert server.bodies[0]["messages"][0]["content"].endswith("a-patient-s-text")
    for secret in ("sk-secret", "a-patient-s-text", "\n"):
        assert secret not in str(error)
    assert "sk-secret" not in caplog.text
    assert "a-patient-s-text" not in caplog.text
    assert len(server.bodies) == 1
    assert sum(ledger.failed_tries().values()) == 1


def test_the_key_is_never_in_the_ledger(server, ledger, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    asyncio.run(outcomes_of(Caller(backend(server.port), Desk(ledger)), "hello", "status 400", "status 500"))
    ledger.engine.dispose()
    assert server.headers[0]["Authorization"] == "Bearer sk-secret"
    assert not [path for path in tmp_path.iterdir() if b"sk-secret" in path.read_bytes()]


@pytest.mark.parametrize(("status", "fault"), [(500, "server_error"), (504, "timeout")])
def test_retries_are_bounded_and_the_failure_of_one_call_harms_no_other(server, ledger, status, fault):
    prompts = ["hello", f"status {status} only-this-one", *(f"sleep 0.02 {i}" for i in range(20))]
    outcomes = asyncio.run(outcomes_of(Caller(backend(server.port, max_retries=2), Desk(ledger)), *prompts))
    error = outcomes.pop(1)
    assert isinstance(error, CallFailed)
    assert (error.fault, server.asked[prompts[1]]) == (fault, 3)
    assert f"HTTP {status}" in str(error)
    assert "only-this-one" not in str(error)
    assert [answer.finish_reason for answer in outcomes] == ["stop"] * 21
    assert (ledger.failed_tries(), ledger.interrupted()) == ({fault: 3}, 0)


def test_a_server_that_never_answers_is_an_error_for_all(server, ask):
    with pytest.raises(CallError, match="the server failed \\(HTTP 500\\)") as caught:
        ask(server.port, "status 500", max_retries=9)
    assert not isinstance(caught.value, CallFailed)
    assert server.asked["status 500"] == 3


@pytest.mark.parametrize("num_calls", [1, 64])
def test_nobody_listening_is_one_line_with_the_url_and_soon(ledger, unused_port, num_calls):
    caller = Caller(backend(unused_port, max_retries=6), Desk(ledger))
    started = time.monotonic()
    errors = asyncio.run(outcomes_of(caller, *map(str, range(num_calls))))
    assert time.monotonic() - started < 2.5
    assert {str(error) for error in errors} == {
        f"http://127.0.0.1:{unused_port}/v1: can't be reached; start the server or change its url"
    }
    assert set(ledger.failed_tries()) == {"unreachable"}
    assert (ledger.interrupted(), ledger.unsettled()) == (0, [])  # nothing that could be billed


def test_a_host_that_is_none_can_not_be_reached(ask):
    with pytest.raises(CallError, match=r"http://no-such-host\.invalid/v1: can't be reached"):
        ask(0, "hello", url="http://no-such-host.invalid/v1", max_retries=0)


def test_a_slow_server_is_an_error_that_names_the_setting(server, ask):
    with pytest.raises(CallError, match="no answer in time; raise timeout_seconds"):
        ask(server.port, "sleep 5", timeout_seconds=0.1, max_retries=0)


def test_a_web_page_is_no_answer(server, ask):
    with pytest.raises(CallError, match="no chat completion"):
        ask(server.port, "hello", url=f"http://127.0.0.1:{server.port}/page", max_retries=0)


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: \xff\xfe" + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"[" * 100_000,
        b"HTTP/1.1 429 no\r\nRetry-After: nan\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_whatever_a_server_sends_is_an_answer_or_an_error_of_ours(raw, ask):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(raw)

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises((CallError, TimeoutError)):
            asyncio.run(asyncio.wait_for(_one(listening.getsockname()[1]), 0.5))
        listening.shutdown(socket.SHUT_RDWR)


async def _one(port):
    asked = backend(port, max_retries=0)
    try:
        return await asked.answer(request("hello"), _Unnoted())
    finally:
        await asked.close()


class _Unnoted:
    async def __call__(self, after=None):
        pass

    async def ended(self, fault):
        pass


def test_after_a_fatal_error_nothing_more_is_sent_and_answers_in_flight_are_kept(server, ledger):
    caller = Caller(backend(server.port, concurrency=2), Desk(ledger))
    texts = ["sleep 0.3", "status 401", *(f"never sent {i}" for i in range(30))]
    answer, *errors = asyncio.run(outcomes_of(caller, *texts))
    assert answer.text == "answer to sleep 0.3"
    assert {str(error) for error in errors} == {str(errors[0])}
    assert set(server.asked) == {"sleep 0.3", "status 401"}
    assert ledger.totals()[0].calls == 1
    assert (ledger.interrupted(), ledger.failed_tries()) == (0, {"refused_key": 1})


def test_after_a_fatal_error_nobody_waits_for_a_pause_a_quota_or_the_next_try(server, ledger):
    server.retry_after = "30"
    desk = Desk(ledger)
    paused, slow = Caller(backend(server.port), desk), Caller(backend(server.port, requests_per_minute=1), desk)
    other = Caller(backend(server.port), desk)

    async def all_of_them():
        asking = [paused.ask(request(text), "translate") for text in ("busy", "sleep 0.1", "busy 2")]
        asking += [slow.ask(request(f"never sent {i}"), "translate") for i in range(3)]
        asking = [asyncio.ensure_future(one) for one in asking]
        await asyncio.sleep(0.3)
        asking.append(asyncio.ensure_future(other.ask(request("status 401"), "translate")))
        try:
            return await asyncio.gather(*asking, return_exceptions=True)
        finally:
            for caller in (paused, slow, other):
                await caller.backend.close()
            desk.close()

    started = time.monotonic()
    outcomes = asyncio.run(all_of_them())
    assert time.monotonic() - started < 3
    assert sum("HTTP 401" in str(outcome) for outcome in outcomes) == 5
    assert {slow.backend.gate.num_inside, paused.backend.gate.num_inside} == {0}
    assert ledger.interrupted() == 0


def test_closing_cancels_what_is_in_flight_and_what_waits(server, ledger):
    caller = Caller(backend(server.port, concurrency=2), Desk(ledger))

    async def close():
        await caller.backend.close()
        caller.desk.close()

    texts = ["quick", "sleep 30", *(f"sleep 30 {i}" for i in range(9))]
    answers = in_order(texts, lambda text: caller.ask(request(text), "translate"), 11, close)
    assert next(answers).text == "answer to quick"
    wait_until(lambda: server.in_flight >= 1)
    started = time.monotonic()
    answers.close()
    assert time.monotonic() - started < 5
    assert caller.backend.gate.num_inside == 0
    wait_until(lambda: server.in_flight == 0)  # nothing of this test reaches the next one's counts
    assert 1 <= ledger.interrupted() <= 2


def test_a_run_outlasts_a_server_that_dies_and_comes_back(ledger, unused_port):
    first = Server(unused_port)
    asked = backend(unused_port, concurrency=8, max_retries=6)
    asked.gate.breaker = Breaker(patience=8, first_pause_seconds=0.1)
    desk = Desk(ledger)
    caller = Caller(asked, desk)

    async def run():
        asking = asyncio.ensure_future(outcomes_of(caller, *(f"sleep 0.02 {i}" for i in range(150))))
        await asyncio.sleep(0.15)
        await asyncio.to_thread(first.stop)
        await asyncio.sleep(0.6)
        pauses = asked.gate.breaker.num_pauses
        second = await asyncio.to_thread(Server, unused_port)
        outcomes = await asking
        await asyncio.to_thread(second.stop)
        return outcomes, pauses, second

    outcomes, pauses, second = asyncio.run(run())
    assert [outcome.text for outcome in outcomes] == [f"answer to sleep 0.02 {i}" for i in range(150)]
    assert 1 <= pauses <= 5
    assert len(first.asked) > 8
    assert len(second.asked) > 8
    assert (asked.gate.num_inside, asked.gate.breaker.is_closed) == (0, True)
    tries = sum(ledger.failed_tries().values())
    assert 10 <= tries <= 30  # it is not hammered while it is down


def test_a_server_that_stays_away_ends_the_run_with_what_was_answered_kept(ledger, unused_port):
    server = Server(unused_port)
    asked = backend(unused_port, concurrency=16, max_retries=50)
    asked.gate.breaker = Breaker(patience=2, first_pause_seconds=0.1)

    async def run():
        asking = asyncio.ensure_future(
            outcomes_of(Caller(asked, Desk(ledger)), *(f"sleep 0.02 {i}" for i in range(200)))
        )
        await asyncio.sleep(0.15)
        await asyncio.to_thread(server.stop)
        return await asking

    outcomes = asyncio.run(run())
    errors = {str(outcome) for outcome in outcomes if isinstance(outcome, Exception)}
    assert errors == {
        f"http://127.0.0.1:{unused_port}/v1: most calls failed, also after 2 pauses; what was answered is kept: "
        "run the same command again when the server is well"
    }
    answered = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    assert ledger.totals()[0].calls == len(answered) >= 8
    assert ledger.interrupted() == 0


def test_requests_a_minute_hold(server, ask):
    began = time.monotonic()
    ask(server.port, *(f"hello {i}" for i in range(50)), requests_per_minute=1200)  # 20 a second, 40 at once
    assert all(at - began >= (number - 40) / 20 for number, at in enumerate(server.times, start=1))
    assert server.times[-1] - began < 3


def test_tokens_a_minute_hold_by_what_was_really_used(server, ask):
    # an answer takes 7 tokens; a quota of 100 a second carries 14 calls a second, with 2 seconds' worth at once
    began = time.monotonic()
    ask(server.port, *(f"hello {i}" for i in range(45)), tokens_per_minute=6000, concurrency=4)
    assert all(at - began >= (7 * number - 200) / 100 for number, at in enumerate(server.times, start=1))
    assert server.times[-1] - began < 5


def test_calls_in_flight_grow_on_success_and_halve_when_it_is_too_much(server, sending):
    async def run():
        asked = backend(server.port, concurrency=64)
        await asyncio.gather(*(asked.answer(request(f"sleep 0.2 {i}"), sending) for i in range(200)))
        grown = asked.gate.in_flight.allowed
        await asyncio.gather(*(asked.answer(request(f"busy {i}"), sending) for i in range(20)))
        await asked.close()
        return grown, asked.gate.in_flight.allowed

    grown, halved = asyncio.run(run())
    assert server.times[16] - server.times[0] >= 0.2  # 16 in the first round trip, then 32, then 64
    assert (grown, server.most_in_flight) == (64, 64)
    assert 32 <= halved < 34  # once for all that were in flight together, then slowly up


def test_a_request_with_a_schema_asks_the_server_to_enforce_it(server, sending):
    schema = json.dumps({"type": "object"})

    async def run():
        asked = backend(server.port)
        await asked.answer(request("hello", schema=schema, sample=3), sending)
        await asked.close()

    asyncio.run(run())
    assert server.bodies[0]["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert "sample" not in server.bodies[0]


@pytest.mark.parametrize(
    "url", ["http://host:99999/v1", "http:///v1", "http://host/v1?key=secret", "http://u:p@host/v1"]
)
def test_a_url_that_can_not_be_or_holds_a_secret_is_a_wrong_setting(url):
    with pytest.raises(ValidationError, match="url"):
        EndpointConfig(backend="endpoint", url=url, model="m")


CLIENT = textwrap.dedent("""
    import json, sys
    from qantara.ledger import open_ledger
    from qantara.llm.caller import Caller, Desk
    from qantara.llm.calls import CallLedger
    from qantara.llm.endpoint import EndpointBackend, EndpointConfig
    from qantara.llm.interface import Message, Request
    from qantara.llm.streaming import in_order

    url, path = sys.argv[1:]
    config = EndpointConfig(backend="endpoint", url=url, model="m", concurrency=4)
    desk = Desk(CallLedger(open_ledger(path)))
    caller = Caller(EndpointBackend(config), desk)

    async def work(number):
        message = Message("user", f"sleep 0.08 {number}")
        return (await caller.ask(Request(model="m", messages=(message,), max_tokens=9), "translate")).text

    async def close():
        await caller.backend.close()
        desk.close()

    texts = list(in_order(range(40), work, 20, close))
    sys.stdout.write(json.dumps([texts, caller.hits, caller.sent]))
""")


def test_a_client_killed_in_mid_run_asks_no_answered_call_again(server, ledger, tmp_path):
    command = [sys.executable, "-c", CLIENT, f"http://127.0.0.1:{server.port}/v1", str(tmp_path / "ledger.sqlite")]
    with subprocess.Popen(command) as client:
        wait_until(lambda: len(server.asked) >= 14)
        os.kill(client.pid, signal.SIGKILL)
    wait_until(lambda: server.in_flight == 0)
    answered = ledger.totals()[0].calls
    lost = ledger.interrupted()
    assert answered >= 5
    assert 1 <= lost <= 4  # no more than were in flight

    done = subprocess.run(command, capture_output=True, check=True, text=True)
    texts, hits, sent = json.loads(done.stdout)
    assert texts == [f"answer to sleep 0.08 {i}" for i in range(40)]
    assert (hits, sent) == (answered, 40 - answered)
    asked = [server.asked[f"sleep 0.08 {i}"] for i in range(40)]
    assert sum(asked) - 40 <= lost
    assert max(asked) <= 2
    assert ledger.interrupted() == lost
    assert sum(one.tries for one in ledger.unsettled()) == lost


def test_failed_tries_are_known_to_have_failed_also_when_the_client_is_killed_before_the_next(server, ledger, tmp_path):
    server.retry_after = "60"
    code = CLIENT.replace("sleep 0.08 {number}", "busy {number}")
    command = [sys.executable, "-c", code, f"http://127.0.0.1:{server.port}/v1", str(tmp_path / "ledger.sqlite")]
    with subprocess.Popen(command) as client:
        wait_until(lambda: ledger.failed_tries().get("rate_limited") == 4)
        os.kill(client.pid, signal.SIGKILL)
    assert (ledger.interrupted(), ledger.unsettled()) == (0, [])


def test_a_request_is_known_by_its_key_whatever_was_answered(server, ledger):
    texts = ["hello", "empty", "long", "filtered"]
    asyncio.run(outcomes_of(Caller(backend(server.port), Desk(ledger)), *texts))
    found = ledger.find([call_key(request(text)) for text in texts])
    assert sorted(answer.finish_reason for answer in found.values()) == ["empty", "length", "refused", "stop"]


def test_turns_come_in_the_order_of_asking(server, ask):
    ask(server.port, *(f"sleep 0.01 {i:02}" for i in range(30)), concurrency=1)
    order = [body["messages"][0]["content"] for body in server.bodies]
    assert all(one < other for one, other in pairwise(order))


def wait_until(condition, seconds: float = 30.0) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)
