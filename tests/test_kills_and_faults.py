"""A run killed with -9 at random moments ends as an undisturbed one.

A translation, by a server that fails at every tenth try, is killed 20 times; an evaluation once in each of its arms.
"""

import json
import random
import runpy
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from qantara.cli.main import app

ROOT = Path(__file__).parents[1]
ITEMS = runpy.run_path(str(ROOT / "benchmarks" / "items.py"))
NUM_ITEMS = 300
NUM_KILLS = 20
SEED = 90  # with it several calls hang late, after the last kill, so that their time-outs are seen, too
MOST_CALLS_BEFORE_KILL = 40  # 20 kills need about 400 of the 600 calls, so that every kill finds the process at work
OUTPUTS = ("translations.jsonl", "translate/kept.parquet", "translate/rejected.parquet", "review/kept.parquet")


class Server:
    """`benchmarks/model_server.py` in a process of its own."""

    def __init__(self, *arguments):
        command = [sys.executable, str(ROOT / "benchmarks" / "model_server.py"), "--latency", "0.04", "--wrong", "0.05"]
        self.process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
        self.address = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def stats(self):
        with urllib.request.urlopen(f"{self.address}/stats") as answer:
            return json.load(answer)

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def servers():
    """Return a server without faults and one where every tenth try fails, one in nine of these by hanging."""
    running = Server(), Server("--faults", "0.1", "--seed", str(SEED), "--hang-seconds", "4")
    yield running
    for server in running:
        server.close()


@pytest.fixture
def start():
    """Return `translating`; what it started and is still running is ended after the test."""
    processes = []

    def started(folder, server):
        processes.append(translating(folder, server))
        return processes[-1]

    yield started
    for process in processes:
        process.kill()
        process.wait()


def translating(folder, server):
    """Start `qantara translate` on the items, into `folder`, and return the process."""
    folder.mkdir(exist_ok=True)
    file = folder / "items.jsonl"
    file.write_text("".join(json.dumps(item) + "\n" for item in ITEMS["items"](NUM_ITEMS)), encoding="utf-8")
    model = {"backend": "endpoint", "url": f"{server.address}/v1", "concurrency": 4, "timeout_seconds": 2}
    recipe = {
        "name": "faults",
        "sources": [{"reader": "jsonl", "path": str(file), "mapping": {"kind": "passage", "text": "text"}}],
        "translate": {"model": model | {"model": "a"}, "judge": model | {"model": "b"}, "meaning": False},
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    command = [sys.executable, "-m", "qantara", "translate", str(file), "--to", "ar", "--run", str(folder / "run")]
    with (folder / "said.txt").open("w", encoding="utf-8") as said:
        return subprocess.Popen([*command, "--recipe", str(folder / "recipe.yaml")], stdout=said, stderr=said)


def kill_at_random(process, folder, server, dice):
    """Let a process that was just started come to a random number of calls, and kill it."""
    goal = server.stats()["received"] + dice.randint(1, MOST_CALLS_BEFORE_KILL)
    while server.stats()["received"] < goal and process.poll() is None:
        time.sleep(0.02)
    time.sleep(dice.uniform(0, 0.05))  # not always just after a call came in
    assert process.poll() is None, f"ended before it was killed: {(folder / 'said.txt').read_text(encoding='utf-8')}"
    process.kill()
    process.wait()


def finish(folder, process):
    """Let the process come to its end and return what it said."""
    status = process.wait()
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert status == 0, said
    return said


def open_sendings(run):
    """Return by prompt, named as the server names it, how many sendings have no failure noted; and how many of these no answer."""
    with sqlite3.connect(run / "ledger.sqlite") as ledger:
        answered = dict(ledger.execute("SELECT key, request FROM call"))
        sendings = Counter(key for (key,) in ledger.execute("SELECT key FROM sent WHERE outcome IS NULL"))
    by_prompt = Counter()
    for key, count in sendings.items():
        texts = [message["content"] for message in json.loads(answered[key])["messages"]]
        by_prompt[blake2b("\x1f".join(texts).encode(), digest_size=8).hexdigest()] += count
    return by_prompt, sendings.total() - len(answered)


def failed_tries(run):
    """Return the kinds of failures that the ledger notes."""
    with sqlite3.connect(run / "ledger.sqlite") as ledger:
        return {outcome for (outcome,) in ledger.execute("SELECT DISTINCT outcome FROM sent WHERE outcome IS NOT NULL")}


def test_kills_and_faults_leave_no_trace_in_the_output(tmp_path, servers, start):
    calm, faulty = servers
    undisturbed = start(tmp_path / "calm", calm)
    dice = random.Random(SEED)
    for _ in range(NUM_KILLS):
        kill_at_random(start(tmp_path / "killed", faulty), tmp_path / "killed", faulty, dice)
    said = finish(tmp_path / "killed", start(tmp_path / "killed", faulty))
    finish(tmp_path / "calm", undisturbed)

    for name in OUTPUTS:
        one, other = (tmp_path / folder / "run" / name for folder in ("calm", "killed"))
        assert one.read_bytes() == other.read_bytes(), name

    lines = (tmp_path / "killed" / "run" / "translations.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["id"] for row in rows] == [item["id"] for item in ITEMS["items"](NUM_ITEMS)]
    right = [ITEMS["translate"](item["text"]) for item in ITEMS["items"](NUM_ITEMS)]
    assert [row["text"] for row in rows if row["status"] == "accepted"] == right

    stats = faulty.stats()
    assert len(stats["faults"]) == 9, "every kind of fault has happened"
    assert failed_tries(tmp_path / "killed" / "run") >= {"connection", "rate_limited", "server_error", "timeout"}
    sendings, num_interrupted = open_sendings(tmp_path / "killed" / "run")
    assert num_interrupted > 0
    assert all(count <= sendings[prompt] for prompt, count in stats["paid_again"].items())
    assert sum(stats["paid_again"].values()) - len(stats["paid_again"]) <= num_interrupted
    assert f"{num_interrupted:,} calls were sent" in said


NUM_PAIRS = 120
EVALUATED = ("scores.json", "predictions.parquet", "items-doses.html")


def evaluation(folder, model):
    """Return the arguments of `qantara evaluate` on many pairs in small batches, into `folder`."""
    folder.mkdir(exist_ok=True)
    file = folder / "doses.jsonl"
    rows = [
        {"id": f"q{n}", "answer_index": n % 4}
        | {
            code: {"question": question.format(n), "options": [option.format(n + k) for k in range(4)]}
            for code, question, option in (("en", "Dose {}?", "{} mg"), ("ar", "الجرعة {}؟", "{} ملغ"))
        }
        for n in range(NUM_PAIRS)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    asked = ["evaluate", f"path:{model}", "--tasks", str(file), "--scoring", "letter,text", "--dtype", "float32"]
    return [*asked, "--batch-size", "1", "--out", str(folder / "run")]


def num_scored(folder):
    """Return how many questions are in the ledger, 0 before there is one."""
    path = folder / "run" / "ledger.sqlite"
    if not path.is_file():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as ledger:
        if not ledger.execute("SELECT 1 FROM sqlite_master WHERE name = 'scored'").fetchone():
            return 0
        return ledger.execute("SELECT count(*) FROM scored").fetchone()[0]


def test_an_evaluation_that_is_killed_in_each_arm_ends_as_an_undisturbed_one(tmp_path, tiny_model):
    dice = random.Random(SEED)
    killed, reached = tmp_path / "killed", []
    for arm in (0, 1):
        with (tmp_path / "said.txt").open("w", encoding="utf-8") as said:
            command = [sys.executable, "-m", "qantara", *evaluation(killed, tiny_model)]
            process = subprocess.Popen(command, stdout=said, stderr=said)
        goal = arm * NUM_PAIRS + dice.randint(1, NUM_PAIRS // 2)
        while num_scored(killed) < goal and process.poll() is None:
            time.sleep(0.005)
        assert process.poll() is None, (tmp_path / "said.txt").read_text(encoding="utf-8")
        process.kill()
        process.wait()
        reached.append(num_scored(killed))
        assert not (killed / "run" / "scores.json").exists()
    assert 0 < reached[0] < NUM_PAIRS <= reached[1] < 2 * NUM_PAIRS
    for folder in (killed, tmp_path / "calm"):
        done = CliRunner().invoke(app, evaluation(folder, tiny_model))
        assert done.exit_code == 0, done.exception
    assert num_scored(killed) == num_scored(tmp_path / "calm") == 2 * NUM_PAIRS
    for name in EVALUATED:
        one, other = (tmp_path / folder / "run" / name for folder in ("calm", "killed"))
        assert one.read_bytes() == other.read_bytes(), name
