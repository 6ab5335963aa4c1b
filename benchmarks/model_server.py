"""An OpenAI-compatible chat server on loopback that answers translation and judge requests at once, late or wrongly, as told.

    python benchmarks/model_server.py --port 0 --latency 0.5 --faults 0.10 --seed 1

Prints its port, then serves until it is ended or its parent is gone. POST /v1/chat/completions translates the items of `items.py`
(any other text comes back marked) and judges everything faultless: a pure function of the messages. Faults are drawn anew for every
try of a call, from the seed. GET /stats tells what was asked and answered; the counts outlast a client that is killed. It takes 0.1
to 0.2 ms of processor time a call, so that it can share two cores with what is measured.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from hashlib import blake2b
from pathlib import Path
from typing import Any, TextIO

from items import translate

FAULTS = (
    "rate_limited",  # 429 with Retry-After, at once
    "server_error",  # 500
    "overloaded",  # 503
    "dropped_before",  # the connection ends before the answer
    "dropped_within",  # ... and in the middle of it
    "hang",  # no answer, and the connection ends only after `--hang-seconds`
    "truncated",  # half of the text, finish_reason "length"
    "broken_json",  # 200 with half of a body
    "empty",  # 200 with "" as text
)
_LENGTH = re.compile(rb"\ncontent-length:\s*(\d+)", re.IGNORECASE)
_FIELD = re.compile(r'<f id="([^"]+)">(.*?)</f>', re.DOTALL)
_LAST_NUMBER = re.compile(r"\d+(?!.*\d)", re.DOTALL)  # never a decimal one in the items
_REPAIR = "\n\nRepair round"
_JUDGE = "You are a bilingual physician"
_VERDICT = '{"spans": [], "score": 97}'
_COMPLETION = (
    '{"id":"chatcmpl-%s","object":"chat.completion","created":1767225600,"model":%s,"choices":[{"index":0,"message":'
    '{"role":"assistant","content":%s},"logprobs":null,"finish_reason":"%s"}],"usage":{"prompt_tokens":%d,'
    '"completion_tokens":%d,"total_tokens":%d}}'
)
_quoted = json.JSONEncoder(ensure_ascii=False).encode


def share(*parts: object) -> float:
    """Return a number in [0, 1) that depends on the parts alone."""
    digest = blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def answer(messages: Sequence[dict[str, Any]], wrong: float) -> str:
    """Return what the model says; in the first round a share `wrong` of the texts has its last number ten times too big."""
    asked = messages[-1]["content"]
    if messages[0]["content"].startswith(_JUDGE):
        return _VERDICT
    fields, repair, _ = asked.partition(_REPAIR)
    return "\n".join(
        f'<f id="{name}">{_translated(text, 0 if repair else wrong)}</f>' for name, text in _FIELD.findall(fields)
    )


def _translated(text: str, wrong: float) -> str:
    right = translate(text)
    if right is None:
        return f"[no translation known] {text}"
    return _LAST_NUMBER.sub(r"\g<0>0", right) if wrong and share("wrong", text) < wrong else right


@dataclass
class Counts:
    """What was asked and answered since the start; `paid` counts whole answers by prompt, also those of a client that was gone."""

    received: int = 0
    answered: int = 0
    lost: int = 0  # whole answers whose client was gone
    in_flight: int = 0
    most_in_flight: int = 0
    began: float = 0.0  # of the first call, by the monotonic clock
    ended: float = 0.0  # of the last answer
    faults: Counter[str] = field(default_factory=Counter)
    tries: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, object]:
        """Return the counts, the prompts paid more than once, and this process's processor time in seconds.

        `began` and `ended` are the first call and the last answer by the monotonic clock, the same for all processes of a machine.
        """
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "received": self.received,
            "answered": self.answered,
            "lost": self.lost,
            "most_in_flight": self.most_in_flight,
            "began": self.began,
            "ended": self.ended,
            "faults": dict(sorted(self.faults.items())),
            "prompts": len(self.paid),
            "paid": self.paid.total(),
            "paid_again": {prompt: count for prompt, count in self.paid.items() if count > 1},
            "cpu_seconds": used.ru_utime + used.ru_stime,
        }


@dataclass
class Service:
    """What all connections share: settings, counts and the log."""

    settings: argparse.Namespace
    log: TextIO | None
    counts: Counts = field(default_factory=Counts)

    def fault(self, prompt: str) -> str:
        """Draw the fault of a prompt's next try, "" for none."""
        if not self.settings.faults:
            return ""
        self.counts.tries[prompt] += 1
        drawn = share(self.settings.seed, prompt, self.counts.tries[prompt])
        return FAULTS[int(drawn / self.settings.faults * len(FAULTS))] if drawn < self.settings.faults else ""

    def note(self, prompt: str, outcome: str) -> None:
        """Write a line to the log: time, prompt, outcome."""
        if self.log:
            self.log.write(f"{time.time():.3f}\t{prompt}\t{outcome}\n")


class Connection(asyncio.Protocol):
    """One client connection: one request after the other, each answered after the latency."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection's transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Serve a request as soon as all of it is there."""
        self._received = self._received + data if self._received else data
        if not self._busy:
            self._serve()

    def _serve(self) -> None:
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        length = _LENGTH.search(self._received, 0, head_end)
        end = head_end + 4 + (int(length[1]) if length else 0)
        if len(self._received) < end:
            return
        line, body = self._received[: self._received.find(b"\r")], self._received[head_end + 4 : end]
        self._received = self._received[end:]
        if line.startswith(b"GET /stats"):
            self._write(200, json.dumps(self._service.counts.as_json()))
        elif line.startswith(b"POST /v1/chat/completions"):
            self._take(body)
        else:
            self._write(404, '{"error":{"message":"no such path","type":"invalid_request_error"}}')

    def _take(self, body: bytes) -> None:
        request = json.loads(body)
        messages = request["messages"]
        if not messages:
            self._write(400, '{"error":{"message":"there are no messages","type":"invalid_request_error"}}')
            return
        prompt = blake2b("\x1f".join([message["content"] for message in messages]).encode(), digest_size=8).hexdigest()
        counts = self._service.counts
        counts.began = counts.began or time.monotonic()
        counts.received += 1
        counts.in_flight += 1
        counts.most_in_flight = max(counts.most_in_flight, counts.in_flight)
        self._busy = True
        fault = self._service.fault(prompt)
        settings = self._service.settings
        delay = {"rate_limited": 0.0, "hang": settings.hang_seconds}.get(fault, settings.latency)
        if delay:
            self._loop.call_later(delay, self._answer, request, prompt, fault)
        else:
            self._answer(request, prompt, fault)

    def _answer(self, request: dict[str, Any], prompt: str, fault: str) -> None:
        counts = self._service.counts
        counts.in_flight -= 1
        counts.ended = time.monotonic()
        self._busy = False
        if fault:
            counts.faults[fault] += 1
            self._fail(request, prompt, fault)
        else:
            counts.paid[prompt] += 1
            counts.answered += 1
            counts.lost += self._is_gone()
            self._write(200, self._completion(request, prompt, "stop"))
        self._service.note(prompt, (fault or "answered") + (" (client gone)" if self._is_gone() else ""))
        if self._received and not self._is_gone():
            self._serve()

    def _completion(self, request: dict[str, Any], prompt: str, finish: str) -> str:
        messages = request["messages"]
        text = answer(messages, self._service.settings.wrong)
        text = {"length": text[: len(text) // 2], "empty": ""}.get(finish, text)
        finish = "stop" if finish == "empty" else finish
        tokens = (sum(len(message["content"]) for message in messages) // 4, len(text) // 3)
        return _COMPLETION % (prompt, _quoted(request["model"]), _quoted(text), finish, *tokens, sum(tokens))

    def _fail(self, request: dict[str, Any], prompt: str, fault: str) -> None:
        if fault in ("truncated", "empty"):
            self._write(200, self._completion(request, prompt, "length" if fault == "truncated" else "empty"))
        elif fault == "broken_json":
            whole = self._completion(request, prompt, "stop")
            self._write(200, whole[: len(whole) // 2])
        elif fault == "dropped_within":
            self._send(_response(200, self._completion(request, prompt, "stop"), "")[:-40])
            self._end()
        elif fault in ("dropped_before", "hang"):
            self._end()
        else:
            status = {"rate_limited": 429, "server_error": 500, "overloaded": 503}[fault]
            wait = formatdate(time.time() + 1, usegmt=True) if prompt[0] in "01" else "0.05"
            header = f"Retry-After: {wait}\r\n" if status == 429 else ""
            self._send(_response(status, f'{{"error":{{"message":"{fault}","type":"server_error"}}}}', header))

    def _write(self, status: int, body: str) -> None:
        self._send(_response(status, body, ""))

    def _send(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def _end(self) -> None:
        if self._transport:
            self._transport.close()

    def _is_gone(self) -> bool:
        return self._transport is None or self._transport.is_closing()


def _response(status: int, body: str, header: str) -> bytes:
    data = body.encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{header}Content-Length: {len(data)}\r\n\r\n"
    return head.encode("ascii") + data


async def serve(settings: argparse.Namespace) -> None:
    """Serve until the process that started this one is gone."""
    parent = os.getppid()
    log = Path(settings.log).open("a", encoding="utf-8", buffering=1) if settings.log else None  # noqa: SIM115
    service = Service(settings, log)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", settings.port, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    while os.getppid() == parent:
        await asyncio.sleep(1)


def main() -> None:
    """Read the settings and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before an answer")
    parser.add_argument("--faults", type=float, default=0.0, help="share of tries that fail, all kinds alike, 0..1")
    parser.add_argument("--seed", type=int, default=0, help="of the faults")
    parser.add_argument("--hang-seconds", type=float, default=5.0, help="how long a call hangs that gets no answer")
    parser.add_argument(
        "--wrong", type=float, default=0.0, help="share of texts mistranslated in the first round, 0..1"
    )
    parser.add_argument("--log", help="file for one line an answer: time, prompt, outcome")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
