"""How many calls a second `qantara translate` makes, at what cost in processor time and memory, beside bespokelabs-curator.

    python3 -m venv PEER && PEER/bin/pip install bespokelabs-curator          (tried: 0.1.31)
    python benchmarks/translate.py --peer PEER/bin/python [--items 10000] [--latency 0.5 0] [--repeats 2]
    python benchmarks/translate.py --million      1 million short items at latency 0, memory over time
    python benchmarks/translate.py --encoder      what comparing meanings by sentence vectors costs

Both clients talk to `model_server.py`, a process of its own on the same cores, and send the same prompts: the peer gets those that
ours left in its ledger. Ours runs whole (SQLite ledger, checks, report); the peer sends and stores. Rounds alternate. Needs Linux.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

from items import items

HERE = Path(__file__).parent
QANTARA = str(Path(sys.executable).with_name("qantara"))
_MEGABYTE = 1_000_000


class Server:
    """The model server in its own process, for the length of a `with`."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, str(HERE / "model_server.py"), *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Server":
        assert self._process.stdout  # noqa: S101
        self.address = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self.url = f"{self.address}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def stats(self) -> dict[str, Any]:
        """Return what the server counted."""
        with urllib.request.urlopen(f"{self.address}/stats") as answer:
            found: dict[str, Any] = json.load(answer)
            return found


@dataclass(frozen=True)
class Figures:
    """What one run took: the client's processor time while it made calls and in all, what the server told, the largest memory."""

    told: dict[str, Any]
    calling_cpu_seconds: float
    cpu_seconds: float
    seconds: float
    peak_bytes: int

    @property
    def calls(self) -> int:
        """Return how many calls the server got."""
        return int(self.told["received"])

    @property
    def calls_a_second(self) -> float:
        """Return the rate between the first call and the last answer, by the server's clock."""
        return self.calls / float(self.told["ended"] - self.told["began"])


def memory_bytes(pid: int, name: str) -> int:
    """Return VmRSS (now) or VmHWM (the largest so far) of a process, 0 when it has ended."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def at(samples: list[tuple[float, float]], moment: float) -> float:
    """Return the processor time at a moment of the monotonic clock, from samples of both."""
    for (before, low), (after, high) in pairwise(samples):
        if before <= moment <= after:
            return low + (high - low) * (moment - before) / (after - before)
    return samples[-1][1]


def measured(command: list[str], server: Server, watch: Callable[[int], None] | None = None) -> Figures:
    """Run a client to its end; `watch` is called with its process id ten times a second."""
    samples = [(time.monotonic(), 0.0)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, env=environment)
        peak = 0
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            peak = max(peak, memory_bytes(process.pid, "VmHWM"))  # that of wait4 counts this process's memory, too
            samples.append((time.monotonic(), cpu_seconds(process.pid)))
            if watch:
                watch(process.pid)
            time.sleep(0.1)
        samples.append((time.monotonic(), used.ru_utime + used.ru_stime))
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{said.read()[-4000:]}")
    told = server.stats()
    return Figures(
        told=told,
        calling_cpu_seconds=at(samples, told["ended"]) - at(samples, told["began"]),
        cpu_seconds=samples[-1][1],
        seconds=samples[-1][0] - samples[0][0],
        peak_bytes=peak,
    )


@dataclass(frozen=True)
class Bench:
    """Where a benchmark puts its files, and how it asks."""

    place: Path
    in_flight: int
    peer: str | None

    def own(self, count: int, latency: float, *options: str, watch: Callable[[int], None] | None = None) -> Figures:
        """Run `qantara translate` on so many items, in a new run folder."""
        run, file = self.place / "run", self.place / f"items-{count}.jsonl"
        shutil.rmtree(run, ignore_errors=True)
        if not file.exists():
            with file.open("w", encoding="utf-8") as out:
                out.writelines(json.dumps(item) + "\n" for item in items(count))
        with Server("--latency", str(latency)) as server:
            command = [QANTARA, "translate", str(file), "--to", "ar", "--run", str(run), "--endpoint", server.url]
            command += ["--model", "benchmark-model", "--concurrency", str(self.in_flight), *options]
            return measured(command, server, watch)

    def other(self, count: int, latency: float) -> Figures:
        """Run the peer on the prompts that our last run left in its ledger, with an empty cache."""
        prompts, cache = self.place / f"prompts-{count}.jsonl", self.place / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        if not prompts.exists():
            with (
                sqlite3.connect(self.place / "run" / "ledger.sqlite") as ledger,
                prompts.open("w", encoding="utf-8") as out,
            ):
                out.writelines(f"{row[0]}\n" for row in ledger.execute("SELECT request FROM call ORDER BY sequence"))
        os.environ |= {"CURATOR_CACHE_DIR": str(cache), "HF_HOME": str(self.place / "hf")}
        with Server("--latency", str(latency)) as server:
            command = [str(self.peer), str(HERE / "translate_peer.py"), str(prompts), server.url, str(self.in_flight)]
            return measured(command, server)


def row(name: str, latency: float, figures: Figures) -> str:
    """Return one line of the table."""
    calls = figures.calls
    return (
        f"{name:10} {latency:7.2f} {calls:9,} {figures.told['most_in_flight']:9} {figures.calls_a_second:8.0f} "
        f"{figures.calling_cpu_seconds / calls * 1000:13.2f} {figures.cpu_seconds / calls * 1000:12.2f} "
        f"{figures.told['cpu_seconds'] / calls * 1000:9.2f} {figures.seconds:8.1f} {figures.peak_bytes / _MEGABYTE:8.0f}"
    )


def compare(bench: Bench, count: int, latencies: list[float], repeats: int) -> None:
    """Print the table of both clients, alternating; processor times are milliseconds a call."""
    print(
        f"{'client':10} {'latency':>7} {'calls':>9} {'in flight':>9} {'calls/s':>8} {'CPU calling':>13} {'CPU in all':>12} "
        f"{'of server':>9} {'whole s':>8} {'peak MB':>8}"
    )
    clients: dict[str, Callable[[int, float], Figures]]
    clients = {"qantara": lambda count, latency: bench.own(count, latency, "--no-meaning")}
    if bench.peer:
        clients["curator"] = bench.other
    for latency in latencies:
        for _ in range(repeats):
            for name, run in clients.items():
                print(row(name, latency, run(count, latency)), flush=True)


def encoder(bench: Bench, count: int) -> None:
    """Print what sentence vectors add."""
    without, with_it = bench.own(count, 0, "--no-meaning"), bench.own(count, 0)
    added = (with_it.cpu_seconds - without.cpu_seconds) / count * 1000
    print(f"sentence vectors: {added:.1f} ms of processor time an item, loading the encoder included ({count:,} items)")


def million(bench: Bench, count: int) -> None:
    """Stream many items at latency 0 and print the memory over time."""
    began = last = time.perf_counter()

    def watch(pid: int) -> None:
        nonlocal last
        now = time.perf_counter()
        if now - last >= 15:
            last = now
            print(f"{now - began:8.0f} s {memory_bytes(pid, 'VmRSS') / _MEGABYTE:8.0f} MB", flush=True)

    figures = bench.own(count, 0, "--no-meaning", watch=watch)
    disk = sum(file.stat().st_size for file in (bench.place / "run").rglob("*") if file.is_file())
    print(
        f"{count:,} items: {figures.seconds:,.0f} s, {figures.calls_a_second:,.0f} calls/s, peak "
        f"{figures.peak_bytes / _MEGABYTE:,.0f} MB, run folder {disk / _MEGABYTE:,.0f} MB"
    )


def main() -> None:
    """Read the options and run one benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, help="10,000; 1,000,000 with --million; 2,000 with --encoder")
    parser.add_argument("--latency", type=float, nargs="+", default=[0.5, 0.0], help="seconds before an answer")
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--peer", help="interpreter of the environment that holds bespokelabs-curator")
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--encoder", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qantara-benchmark-") as place:
        bench = Bench(Path(place), arguments.in_flight, arguments.peer)
        if arguments.million:
            million(bench, arguments.items or 1_000_000)
        elif arguments.encoder:
            encoder(bench, arguments.items or 2_000)
        else:
            compare(bench, arguments.items or 10_000, arguments.latency, arguments.repeats)


if __name__ == "__main__":
    main()
