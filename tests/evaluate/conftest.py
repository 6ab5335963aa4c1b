"""What tests of an evaluation share: predictions written as one letter an item, and servers that score, or can't.

Letters of predictions: R right, W wrong, U unread.
"""

import contextlib
import json
import math
import re
import threading
import time
from collections import Counter, defaultdict
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from qantara.evaluate.answers.probes import probes
from qantara.evaluate.calling.costs import ArmCost
from qantara.evaluate.comparing.accuracy import accuracy_rows, extraction_rows
from qantara.evaluate.comparing.comparison import Comparing
from qantara.evaluate.comparing.gaps import gap_by_subject, gap_rows, model_rows
from qantara.evaluate.comparing.split import split_rows, translate_first_rows
from qantara.evaluate.pages.report_facts import CleanFacts, ReportFacts
from qantara.evaluate.prompting.arms import known_arms
from qantara.ledger import open_ledger
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.endpoint import EndpointBackend, EndpointConfig
from qantara.records import Choice, Origin, Prediction, with_id


def _answers(arm, letters, **fields):
    """Predictions of items f0, f1..: the right option is that of the item's number, a wrong one the next, among four."""
    subjects = fields.pop("subjects", ["anatomy"] * len(letters))
    values = {"model": "m", "task": "t", "scoring": "letter", "normalization": "sum", "language": arm[:2]} | fields
    made = []
    for number, (letter, subject) in enumerate(zip(letters, subjects, strict=True)):
        right = number % 4
        chosen = {"R": right, "W": (right + 1) % 4, "U": -1}[letter]
        scores = () if values["scoring"] == "generate" else tuple(-1.0 if i == chosen else -2.0 for i in range(4))
        values |= {"item_id": f"{arm}-{number}", "family": f"f{number}", "subject": subject, "arm": arm}
        made.append(Prediction(chosen_index=chosen, answer_index=right, **({"log_probabilities": scores} | values)))
    return made


@pytest.fixture
def answers():
    return _answers


_WORD = re.compile(r" ?[^\s.:?]+|[\s.:?]")


class WordModel:
    """Words as tokens, probabilities from counts of pairs in a small corpus: knows the probes' answers, and a few labels."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter] = defaultdict(Counter)
        for probe in probes():
            self.learn(probe.statement + probe.right, 9)
            self.learn(probe.letter_prompt("ABCD"), 1)
            cue = probe.letter_prompt("A").splitlines()[-1]
            for times, label in zip((9, 5, 3), (" A", " B", " C"), strict=True):
                self.learn(cue + label, times)
            for times, label in zip((9, 5, 3, 2), (" أ", " ب", " ج", " د"), strict=True):
                self.learn(cue + label, times)
        self.vocabulary = {word for words in self.counts.values() for word in words} | {" D"}

    def learn(self, text: str, times: int) -> None:
        words = self.tokens(text)
        for first, second in pairwise(words):
            self.counts[first][second] += times

    def tokens(self, text: str) -> list[str]:
        return _WORD.findall(text)

    def after(self, words: list[str]) -> dict[str, float]:
        """Return the log-probabilities of the words that could come next."""
        seen = self.counts[words[-1]]
        total = sum(seen.values()) + 0.01 * (len(self.vocabulary) + 1)
        # in order: which of the unseen words, all as likely, are among the likeliest must not change from run to run
        return {word: math.log((seen[word] + 0.01) / total) for word in sorted(self.vocabulary)}

    def score(self, words: list[str]) -> list[tuple[float | None, dict[str, float]]]:
        """Return for each word its log-probability and those of all that could stand there; unknown words differ by length."""
        found: list = [(None, {})]
        for place in range(1, len(words)):
            after = self.after(words[:place])
            unknown = min(after.values()) - 1 / len(words[place])
            found.append((after.get(words[place], unknown), after))
        return found


class _Named(str):
    """A token's text that remembers its id: the bytes of cut letters all read the same."""

    __slots__ = ("id",)

    def __new__(cls, text: str, token_id: int) -> "_Named":
        made = super().__new__(cls, text)
        made.id = token_id
        return made


class TinyModel:
    """The random tiny model of the tests: bytes are tokens, so every Arabic letter is cut in two."""

    def __init__(self, folder) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder).eval()
        self._names = [self.tokenizer.decode([i]) for i in range(len(self.tokenizer))]
        self._lock = threading.Lock()

    def tokens(self, text: str) -> list[_Named]:
        return [_Named(self._names[i], i) for i in self.tokenizer(text, add_special_tokens=False)["input_ids"]]

    def after(self, words: list[_Named]) -> dict[str, float]:
        return dict(zip(self._names, self._logs(words)[-1].tolist(), strict=True))

    def score(self, words: list[_Named]) -> list[tuple[float | None, dict[str, float]]]:
        rows = zip(words[1:], self._logs(words), strict=False)
        scored = [(float(row[word.id]), {self._names[int(row.argmax())]: float(row.max())}) for word, row in rows]
        return [(None, {}), *scored]

    def _logs(self, words: list[_Named]) -> torch.Tensor:
        with self._lock, torch.no_grad():
            logits = self.model(torch.tensor([[word.id for word in words]])).logits[0]
        return torch.log_softmax(logits.float(), -1)


class ScoringServer:
    """Chat and raw completions on loopback; `echo` and `logprobs` are "honest", "ignored", "zeros", "refused" or "moody".

    `begin_mark` is put before every raw prompt; `as_objects`: raw completions tell log-probabilities in the form of chat. A
    request that holds `failing` is answered with HTTP 500, one that holds `turned_down` with 400.
    """

    def __init__(self, model) -> None:
        self.model = model
        self.echo = self.logprobs = "honest"
        self.begin_mark = self.failing = self.turned_down = ""
        self.as_objects = False
        self.bodies: list[dict] = []
        self.paths: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.bodies.append(body)
                server.paths.append(self.path)
                status, answer = server.answer(body)
                data = json.dumps(answer).encode("utf-8")
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.end_headers()
                    self.wfile.write(data)

            def log_message(self, *_):
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, body: dict) -> tuple[int, dict]:
        if self.failing and self.failing in json.dumps(body, ensure_ascii=False):
            return 500, {"error": {"message": "failed"}}
        if self.turned_down and self.turned_down in json.dumps(body, ensure_ascii=False):
            return 400, {"error": {"message": "not this one"}}
        is_raw, is_echo = "prompt" in body, bool(body.get("echo"))
        behavior = self.echo if is_echo else self.logprobs
        if behavior == "refused":
            return 400, {"error": {"message": "logprobs is not supported"}}
        text = self.begin_mark + body["prompt"] if is_raw else body["messages"][-1]["content"]
        words = self.model.tokens(text)
        after = self.model.after(words)
        best = max(after, key=after.get)
        rows = [(best, after[best], after)]
        if is_echo and behavior != "ignored":
            rows = [(word, *told) for word, told in zip(words, self.model.score(words), strict=True)] + rows
        rows = [self._behaved(row, behavior) for row in rows]
        most = body["logprobs"] if is_raw else body.get("top_logprobs", 0)
        choice: dict = {"index": 0, "finish_reason": "length"}
        choice |= {"text": (text if is_echo else "") + best} if is_raw else {"message": {"content": best.strip()}}
        told = _lists(rows, most) if is_raw and not self.as_objects else _objects(rows, most)
        choice["logprobs"] = None if behavior == "ignored" and not is_echo else told
        usage = {"prompt_tokens": len(words), "completion_tokens": 1}
        return 200, {"id": "x", "model": "scorer", "choices": [choice], "usage": usage}

    def _behaved(self, row, behavior):
        word, log, tops = row
        shift = -len(self.bodies) if behavior == "moody" else 0
        factor = 0.0 if behavior == "zeros" else 1.0
        changed = {name: factor * value + shift for name, value in tops.items()}
        return word, None if log is None else factor * log + shift, changed


def _likeliest(tops: dict, most: int) -> list[tuple[str, float]]:
    return sorted(tops.items(), key=lambda pair: -pair[1])[:most]


def _lists(rows, most: int) -> dict:
    """Return log-probabilities as vLLM and SGLang tell those of raw completions: the token itself is always there."""
    tops = [dict(_likeliest(tops, most)) | ({} if log is None else {word: log}) for word, log, tops in rows]
    words, logs = [row[0] for row in rows], [row[1] for row in rows]
    return {"tokens": words, "token_logprobs": logs, "top_logprobs": tops, "text_offset": [-1] * len(rows)}


def _objects(rows, most: int) -> dict:
    def one(word, log):
        return {"token": word, "logprob": log, "bytes": list(word.encode("utf-8"))}

    told = [
        one(word, log) | {"top_logprobs": [one(*top) for top in _likeliest(tops, most)]} for word, log, tops in rows
    ]
    return {"content": told}


@pytest.fixture
def scoring_server():
    """Return an honest server with a word model behind it."""
    running = ScoringServer(WordModel())
    yield running
    running.close()


@pytest.fixture
def tiny_server(tiny_model):
    """Return an honest server with the tiny model behind it."""
    running = ScoringServer(TinyModel(tiny_model))
    yield running
    running.close()


@pytest.fixture
def open_caller(tmp_path):
    """Return a function that opens a caller at a server, on the ledger of this test: as often as a run is started again."""
    open_ones = []

    def make(server) -> Caller:
        engine = open_ledger(tmp_path / "ledger.sqlite")
        config = EndpointConfig(backend="endpoint", url=server.url, model="scorer", concurrency=4, max_retries=0)
        caller = Caller(EndpointBackend(config), Desk(CallLedger(engine)))
        open_ones.append((caller, engine))
        return caller

    yield make
    for caller, engine in open_ones:
        caller.desk.close()
        engine.dispose()


_QUICK = Comparing(num_draws=100)


def _report_facts(**changes):
    """A run of five arms on 48 items of two subjects: English knows most, Arabic less, one arm has written replies alone."""
    direction, names = ("en", "ar"), ("en", "ar", "ar-latin", "translated")
    subjects = ["anatomy", "<genetics>"] * 24
    found = [
        *_answers("en", "RRRW" * 12, subjects=subjects),
        *_answers("ar", "RWWW" * 12, subjects=subjects),
        *_answers("ar-latin", "RWRW" * 12, subjects=subjects),
        *_answers("translated", "RRWW" * 12, subjects=subjects),
        *_answers("en", "RRWW" * 12, subjects=subjects, scoring="text", normalization="token"),
        *_answers("ar", "RRWW" * 12, subjects=subjects, scoring="text", normalization="token"),
        *_answers(
            "translated-back", "RWUW" * 12, subjects=subjects, scoring="generate", normalization="", tier="phrase"
        ),
    ]
    arms = [arm for arm in known_arms(direction).values() if arm.name in (*names, "translated-back")]
    other = [replace(p, model="other") for p in found]
    clean = [p for p in found if int(p.family[1:]) < 24]
    values = {
        "model": "small <model>",
        "direction": direction,
        "arms": arms,
        "primary": ("letter", "sum"),
        "tasks": [{"name": "t", "licence": "MIT", "citation": "A & B", "num_items": 48, "num_rejected": 2}],
        "scores": accuracy_rows(found),
        "gaps": gap_rows(found, "en", names, _QUICK),
        "gaps_by_subject": gap_by_subject(found, "en", ["ar"], _QUICK),
        "split": split_rows(found, direction, _QUICK),
        "translate_first": translate_first_rows(found, direction, _QUICK),
        "extraction": extraction_rows(found),
        "costs": [{"task": "t", "arm": arm.name} | ArmCost(scored_tokens=1234).as_json() for arm in arms],
        "doubts": [
            {
                "task": "t",
                "arm": "translated",
                "num_items": 48,
                "num_doubted": 3,
                "num_fallback": 1,
                "reasons": {"numbers.missing": 3},
            }
        ],
        "clean": CleanFacts(
            source="clean_ids.txt", num_ids=24, scores=accuracy_rows(clean), gaps=gap_rows(clean, "en", names, _QUICK)
        ),
        "comparison": model_rows(found, other, _QUICK),
        "identity": {"model": {"hash": "0123", "adapter": None}, "chat": False, "shots": 0},
        "notices": ["two items <were> bad"],
        "files": [("scores.json", "all numbers")],
        "viewers": {"t": "items-t.html"},
    }
    return ReportFacts(**(values | changes))


@pytest.fixture
def make_report_facts():
    return _report_facts


def _asked_item(number=0, code="en", num_options=4, **origin):
    """An item of pair `number`; both languages have the right option and the family in common."""
    words = {
        "en": ("How much of drug {0}?", "{0} mg"),
        "ar": ("كم من الدواء {0}؟", "{0} ملغ"),
    }[code]
    values = {"source": "t", "native_id": str(number), "subject": "doses", "split": "test", "family": f"f{number}"}
    return with_id(
        Choice(
            id="",
            language=code,
            origin=Origin(**(values | origin)),
            question=words[0].format(number),
            options=tuple(words[1].format(number + k) for k in range(num_options)),
            answer_index=number % num_options,
        )
    )


@pytest.fixture
def make_item():
    return _asked_item


_SAID = {
    "en": ("How much of drug {0}?", "Which number is {0}?", "{0} mg", "Answer: {0}"),
    "ar": ("كم من الدواء {0}؟", "أي رقم هو {0}؟", "{0} ملغ", "الإجابة: {0}"),
}
_FIELD = re.compile(r'<f id="([\w/]+)">(.*?)</f>', re.DOTALL)
_LAST_OPTIONS = re.compile(r"^(\S{1,3})\. ", re.MULTILINE)


class PairServer:
    """Chat on loopback that translates the tests' items both ways and answers questions with the label of the second option.

    Items of the numbers in `unreadable` it won't translate, of those in `doubled` it changes all options; a request that holds a
    text of `failing` gets HTTP 500. `bodies` are the requests it has got.
    """

    def __init__(self) -> None:
        self.unreadable: set[int] = set()
        self.doubled: set[int] = set()
        self.failing: set[str] = set()
        self.bodies: list[dict] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.bodies.append(body)
                text = "\n".join(message["content"] for message in body["messages"])
                fails = any(part in text for part in server.failing)
                time.sleep(0.3 if fails else 0)  # a server whose first answers all fail is taken for misnamed
                choice = {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": server.say(body)},
                }
                answer = {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
                answer["usage"] = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
                data = json.dumps(answer).encode()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response(500 if fails else 200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)

            def log_message(self, *_):
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def say(self, body: dict) -> str:
        said = body["messages"][-1]["content"]
        fields = _FIELD.findall(said.partition("Previous translation")[0].partition("Repair round")[0])
        if not fields:
            cue = "الإجابة" if "السؤال" in said else "Answer"
            return f"{cue}: {_LAST_OPTIONS.findall(said)[-3]}"
        drug = int((re.search(r"\d+", fields[0][1]) or "0")[0])
        target = "ar" if "from English to Arabic" in body["messages"][0]["content"] else "en"
        if drug in self.unreadable:
            return "I can't help with that."
        return "\n".join(
            f'<f id="{name}">{_translated(text, target, 2 if drug in self.doubled and "options" in name else 1)}</f>'
            for name, text in fields
        )


def _translated(text: str, target: str, factor: int) -> str:
    source = "en" if target == "ar" else "ar"
    for before, after in zip(_SAID[source], _SAID[target], strict=True):
        if found := re.fullmatch(re.escape(before).replace(r"\{0\}", r"(\w+)"), text):
            value = found[1]
            return after.format(int(value) * factor if value.isdigit() else value)
    raise AssertionError(f"not among the texts of the tests: {text}")


@pytest.fixture
def pair_server():
    """Return a server that translates the tests' items and answers them."""
    running = PairServer()
    yield running
    running.close()
