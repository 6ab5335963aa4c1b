"""A batch server in its own process, and a sending that counts: what the tests of the batch file share."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "batch_routes.py"


class BatchServerProcess:
    """`benchmarks/batch_routes.py` on a loopback port, with its switches and counts."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT), "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        self.root = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self.url = f"{self.root}/v1"

    def set(self, **switches) -> None:
        self.call("/control", switches)

    @property
    def stats(self) -> dict:
        return self.call("/stats")

    @property
    def paid(self) -> dict[str, int]:
        return self.stats["paid"]

    def cancel_newest(self) -> None:
        newest = self.call("/v1/batches?limit=1")["data"][0]["id"]
        self.call(f"/v1/batches/{newest}/cancel", {})

    def call(self, path: str, body: dict | None = None) -> dict:
        data = None if body is None else json.dumps(body).encode("utf-8")
        request = urllib.request.Request(self.root + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def wait_until(self, condition, seconds: float = 30.0) -> None:
        limit = time.monotonic() + seconds
        while not condition(self.stats):
            assert time.monotonic() < limit
            time.sleep(0.02)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._process.stdout.close()


@pytest.fixture(scope="session")
def batch_server_process() -> Iterator[BatchServerProcess]:
    running = BatchServerProcess()
    yield running
    running.stop()


@pytest.fixture
def batch_server(batch_server_process: BatchServerProcess) -> BatchServerProcess:
    """Return a batch server with all switches off that remembers nothing."""
    batch_server_process.set(forget=True)
    return batch_server_process


class Sending:
    """Counts what is sent, and keeps how tries ended that had no answer."""

    def __init__(self) -> None:
        self.afters: list[str | None] = []
        self.ends: list[str] = []

    async def __call__(self, after=None) -> None:
        self.afters.append(after)

    async def ended(self, fault) -> None:
        self.ends.append(fault)


@pytest.fixture
def sending() -> Sending:
    return Sending()
