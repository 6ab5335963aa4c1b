"""The endpoint against a real HTTP server: order, concurrency, retries, refusals, and a client that is killed in mid-batch."""

import asyncio
import json
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

import pytest
from aiohttp import web

from qantara.errors import CallError
from qantara.ledger import open_ledger
from qantara.llm.caller import Caller
from qantara.llm.calls import CallLedger
from qantara.llm.endpoint import EndpointBackend, EndpointConfig
from qantara.llm.interface import Message, Request


class Server:
    """An OpenAI-compatible server on a loopback port; what it does with a prompt stands in the prompt's first word."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.bodies: list[dict] = []
        self.keys: list[str] = []
        self.in_flight = self.most_in_flight = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._answer)
        app.router.add_post("/page/chat/completions", self._page)
        runner = web.AppRunner(app, handler_cancellation=True)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
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

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(body)
        self.keys.append(request.headers.get("Authorization", ""))
        prompt = body["messages"][-1]["content"]
        self.asked[prompt] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._reply(prompt)
        finally:
            self.in_flight -= 1

    async def _reply(self, prompt: str) -> web.Response:
        word, _, argument = prompt.partition(" ")
        if word == "sleep":
            await asyncio.sleep(float(argument.split()[0]))
        if word == "busy" and self.asked[prompt] == 1:
            return web.json_response({"error": {"message": "busy"}}, status=429, headers={"Retry-After": "1"})
        if word == "shaky" and self.asked[prompt] == 1:
            return web.json_response({"error": {"message": "oops"}}, status=500, headers={"Retry-After": "0.1"})
        if word == "status":
            return web.json_response(
                {"error": {"message": "no"}}, status=int(argument), headers={"Retry-After": "0.01"}
            )
        text, reason = {"empty": ("", "stop"), "long": ("a", "length"), "filtered": ("", "content_filter")}.get(
            word, (f"answer to {prompt}", "stop")
        )
        return web.json_response(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": "served-model",
                "choices": [{"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}],
                "usage": None
                if word == "uncounted"
                else {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
            }
        )


@pytest.fixture(scope="module")
def module_server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def server(module_server: Server) -> Server:
    module_server.asked.clear()
    module_server.bodies.clear()
    module_server.most_in_flight = 0
    return module_server


def backend(port: int, **changes) -> EndpointBackend:
    settings = {"backend": "endpoint", "url": f"http://127.0.0.1:{port}/v1", "model": "m", "max_retries": 1}
    return EndpointBackend(EndpointConfig(**(settings | changes)))


def request(text: str) -> Request:
    return Request(model="m", messages=(Message("user", text),), max_tokens=9, stop=("\n",))


def ask(port: int, *texts: str, **changes):
    return list(backend(port, **changes).complete([request(text) for text in texts]))


def test_answers_arrive_as_they_are_ready_with_text_counts_and_model(server):
    answers = ask(server.port, "sleep 0.5", "quick")
    assert [position for position, _ in answers] == [1, 0]
    answer = answers[0][1]
    assert (answer.text, answer.finish_reason, answer.model) == ("answer to quick", "stop", "served-model")
    assert (answer.prompt_tokens, answer.completion_tokens) == (3, 4)


def test_what_is_sent_is_the_request_and_nothing_more(server, monkeypatch):
    monkeypatch.setenv("QANTARA_TEST_KEY", "from-environment")
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
    assert server.keys[-1] == "Bearer from-environment"


def test_at_most_so_many_calls_are_in_flight(server):
    started = time.monotonic()
    assert len(ask(server.port, *(f"sleep 0.2 {i}" for i in range(12)), concurrency=4)) == 12
    assert server.most_in_flight == 4
    assert time.monotonic() - started < 2.0  # one after the other it would be 2.4 s


@pytest.mark.parametrize(
    ("prompt", "reason"), [("empty", "other"), ("long", "length"), ("filtered", "refused"), ("uncounted", "stop")]
)
def test_only_a_whole_text_is_a_success_and_an_unknown_count_is_none(server, prompt, reason):
    [(_, answer)] = ask(server.port, prompt)
    assert answer.finish_reason == reason
    assert (answer.prompt_tokens is None) == (prompt == "uncounted")


def test_a_busy_server_is_asked_again_when_it_said(server):
    started = time.monotonic()
    [(_, answer)] = ask(server.port, "busy")
    assert answer.text == "answer to busy"
    assert server.asked["busy"] == 2
    assert time.monotonic() - started >= 1.0


def test_a_passing_server_fault_is_asked_again(server):
    [(_, answer)] = ask(server.port, "shaky")
    assert (answer.text, server.asked["shaky"]) == ("answer to shaky", 2)


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (401, 1), (403, 1), (404, 1), (429, 2), (500, 2)])
def test_a_refusal_is_one_line_with_the_status_and_retries_are_bounded(server, status, tries):
    with pytest.raises(CallError, match=f"HTTP {status}") as caught:
        ask(server.port, f"status {status}")
    assert "\n" not in str(caught.value)
    assert server.asked[f"status {status}"] == tries


def test_an_unreachable_server_is_one_line_with_the_url():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(CallError, match=f"http://127.0.0.1:{port}/v1.*can't be reached") as caught:
        ask(port, "hello", max_retries=0)
    assert "\n" not in str(caught.value)


def test_a_slow_server_is_an_error_that_names_the_limit(server):
    with pytest.raises(CallError, match=r"no answer in 0\.2 s"):
        ask(server.port, "sleep 5", timeout_seconds=0.2, max_retries=0)


def test_a_web_page_is_no_answer(server):
    with pytest.raises(CallError, match="no chat completion"):
        ask(server.port, "hello", url=f"http://127.0.0.1:{server.port}/page")


def test_after_a_failure_answers_in_flight_are_still_kept_and_nothing_more_is_sent(server, tmp_path):
    ledger = CallLedger(open_ledger(tmp_path / "ledger.sqlite"))
    texts = ["sleep 0.5", "status 400", "never sent", "never sent either"]
    with pytest.raises(CallError, match="HTTP 400"):
        Caller(backend(server.port, concurrency=2), ledger).complete([request(text) for text in texts], "translate")
    assert [total.calls for total in ledger.totals()] == [1]
    assert ledger.interrupted() == 1
    assert set(server.asked) == {"sleep 0.5", "status 400"}
    ledger.engine.dispose()


def test_closing_the_answers_early_cancels_what_is_in_flight(server):
    answers = backend(server.port).complete([request("sleep 0.5"), request("sleep 30")])
    assert next(answers)[0] == 0
    assert server.asked["sleep 30"] == 1
    started = time.monotonic()
    answers.close()
    assert time.monotonic() - started < 5
    wait_until(lambda: server.in_flight == 0)  # nothing of this test reaches the next one's counts


CLIENT = textwrap.dedent("""
    import json, sys
    from qantara.ledger import open_ledger
    from qantara.llm.caller import Caller
    from qantara.llm.calls import CallLedger
    from qantara.llm.endpoint import EndpointBackend, EndpointConfig
    from qantara.llm.interface import Message, Request

    url, path = sys.argv[1:]
    config = EndpointConfig(backend="endpoint", url=url, model="m", concurrency=4)
    caller = Caller(EndpointBackend(config), CallLedger(open_ledger(path)))
    requests = [Request(model="m", messages=(Message("user", f"sleep 0.15 {i}"),), max_tokens=9) for i in range(40)]
    answers = caller.complete(requests, "translate")
    sys.stdout.write(json.dumps([[answer.text for answer in answers], caller.hits, caller.sent]))
""")


def test_a_client_killed_in_mid_batch_asks_no_answered_call_again(server, tmp_path):
    command = [sys.executable, "-c", CLIENT, f"http://127.0.0.1:{server.port}/v1", str(tmp_path / "ledger.sqlite")]
    with subprocess.Popen(command) as client:
        wait_until(lambda: len(server.asked) >= 14)
        os.kill(client.pid, signal.SIGKILL)
    wait_until(lambda: server.in_flight == 0)
    ledger = CallLedger(open_ledger(tmp_path / "ledger.sqlite"))
    answered = ledger.totals()[0].calls
    lost = ledger.interrupted()
    assert answered >= 5
    assert 1 <= lost <= 4  # no more than were in flight

    done = subprocess.run(command, capture_output=True, check=True, text=True)
    texts, hits, sent = json.loads(done.stdout)
    assert texts == [f"answer to sleep 0.15 {i}" for i in range(40)]
    assert (hits, sent) == (answered, 40 - answered)
    asked = [server.asked[f"sleep 0.15 {i}"] for i in range(40)]
    assert sum(asked) - 40 <= lost
    assert max(asked) <= 2
    assert ledger.interrupted() == lost
    ledger.engine.dispose()


def wait_until(condition, seconds: float = 30.0) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)
