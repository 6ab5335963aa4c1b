"""A tiny model with a tokenizer, a recipe with its data, and a server that translates: what tests of whole runs share."""

import contextlib
import json
import os
import signal
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import sqlalchemy as sa
import torch
import yaml
from hypothesis import settings
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from qantara.ledger import open_ledger, transaction

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # started in the background: children would ignore Ctrl-C too
    signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("repeatable", derandomize=True)  # a run that fails must fail again
settings.load_profile("repeatable")

ITEMS = [
    {
        "key": f"item-{i:02}",
        "kind": "answer",
        "specialty": "test",
        "language": "en",
        "question": f"How much of drug {i} is given?",
        "answer": f"Take {i} mg daily.",
    }
    for i in range(10, 34)
]
BENCHMARK = [
    {
        "id": f"bench-{i}",
        "subject": "test",
        "answer_index": i % 4,
        "en": {"question": f"Which number is {i}?", "options": [f"{i + k} mg" for k in range(4)]},
        "ar": {"question": f"أي رقم هو {i}؟", "options": [f"{i + k} ملغ" for k in range(4)]},
    }
    for i in range(6)
]
MODEL = {"backend": "endpoint", "url": "http://127.0.0.1:9/v1", "model": "tiny-translator", "concurrency": 2}
SETTINGS = {
    "name": "tiny",
    "seed": 1,
    "sources": [{"reader": "native", "path": "items.jsonl"}],
    "benchmark": {"reader": "native", "path": "bench.jsonl"},
    "translate": {
        "model": MODEL | {"max_retries": 0},
        "batch_records": 8,
        "max_rounds": 1,
        "audit_rate": 0,
    },
    "mix": {"budget_tokens": 4000, "ratio": {"ar": 1, "en": 2}, "validation_share": 0.2, "max_tokens": 400},
    "train": {
        "model": "path:PLACE",
        "upcycle": {"experts": 4, "top_k": 2},
        "adapter": {"rank": 8, "alpha": 16},
        "batch_tokens": 512,
        "micro_batch_tokens": 512,
        "max_tokens": 400,
        "learning_rate": 0.01,
        "router_learning_rate": 0.01,
        "warmup_steps": 1,
        "checkpoint_every_steps": 1,
    },
    "evaluate": {"batch_size": 4},
}
TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)

# a PostgreSQL server where schemas may be made, as `.ci/run` starts one; "": what can run on both databases runs on SQLite
POSTGRES = os.environ.get("QANTARA_TEST_POSTGRES", "")


def pytest_report_header():
    if POSTGRES:
        return "ledger: tested on SQLite and PostgreSQL"
    return "ledger: tested on SQLite alone; set QANTARA_TEST_POSTGRES to the URL of a server to test PostgreSQL too"


def pytest_collection_modifyitems(config, items):
    """Leave out what only PostgreSQL can do when there is none."""
    left_out = [] if POSTGRES else [item for item in items if "postgres_url" in item.fixturenames]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@contextlib.contextmanager
def postgres_schema():
    """Give the URL of an empty schema of its own, dropped afterwards; a wrong QANTARA_TEST_POSTGRES is an error."""
    name = f"qantara_test_{uuid.uuid4().hex}"
    server = open_ledger(POSTGRES)
    with transaction(server) as connection:
        connection.execute(sa.schema.CreateSchema(name))
    yield f"{POSTGRES}{'&' if '?' in POSTGRES else '?'}options=-csearch_path%3D{name}"
    with transaction(server) as connection:  # fails after a while if the test left a transaction open
        connection.execute(sa.schema.DropSchema(name, cascade=True))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"] if POSTGRES else ["sqlite"])
def ledger_url(request, tmp_path):
    """Return the URL of an empty ledger of this test's own: each test that uses it runs on every database there is."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    else:
        with postgres_schema() as url:
            yield url


@pytest.fixture
def postgres_url():
    """Return the URL of an empty ledger in PostgreSQL; without a server the test isn't collected."""
    with postgres_schema() as url:
        yield url


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """Return the folder of a random two-layer Llama with a vocabulary of bytes and a chat template."""
    folder = tmp_path_factory.mktemp("tiny-llama")
    special = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    vocabulary = {token: i for i, token in enumerate(special + sorted(pre_tokenizers.ByteLevel.alphabet()))}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token=special[0], additional_special_tokens=special[1:]
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    sizes |= {"num_key_value_heads": 2, "vocab_size": len(vocabulary), "max_position_embeddings": 1024}
    config = LlamaConfig(**sizes, eos_token_id=0, tie_word_embeddings=True)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


class TranslationServer:
    """An OpenAI-compatible server on loopback that translates the tiny items; `bodies` are the requests it has answered."""

    def __init__(self, delay_seconds: float) -> None:
        server = self
        self.bodies: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
                server.bodies.append(body)
                time.sleep(delay_seconds)
                text = translate(json.loads(body)["messages"][-1]["content"])
                message = {"role": "assistant", "content": text}
                answer = {"id": "x", "object": "chat.completion", "created": 0, "model": "tiny-translator"}
                answer["choices"] = [{"index": 0, "message": message, "finish_reason": "stop"}]
                answer["usage"] = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
                data = json.dumps(answer).encode("utf-8")
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.end_headers()
                with contextlib.suppress(
                    BrokenPipeError, ConnectionResetError
                ):  # the client was killed, as it should be
                    self.wfile.write(data)

            def log_message(self, *_):
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def translate(text: str) -> str:
    """Translate a locked tiny item; the dose of item 13 comes out ten times too big in the first round, that of 17 always."""
    number = text.partition("drug ")[2].partition(" ")[0]
    dose = f"{number}0" if number == "17" or (number == "13" and "Repair round" not in text) else number
    return f'<f id="question">كم يُعطى من الدواء {number}؟</f>\n<f id="answer">تناول {dose} ملغ يوميًا.</f>'


@pytest.fixture
def server():
    """Return a translation server that answers at once."""
    running = TranslationServer(0.0)
    yield running
    running.close()


@pytest.fixture
def slow_server():
    """Return a translation server that takes 50 ms a call."""
    running = TranslationServer(0.05)
    yield running
    running.close()


@pytest.fixture
def tiny_recipe(tmp_path, tiny_model, monkeypatch):
    """Return a function that writes a recipe with its data beside it: `tiny_recipe(url, **changes)` by dotted setting name."""
    monkeypatch.setenv("QANTARA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def write(url=None, **changes):
        settings = json.loads(json.dumps(SETTINGS))
        settings["train"]["model"] = f"path:{tiny_model}"
        if url:
            settings["translate"]["model"]["url"] = url
        for name, value in changes.items():
            if value is None:
                settings.pop(name)
            else:
                settings[name] = value
        for name, rows in (("items.jsonl", ITEMS), ("bench.jsonl", BENCHMARK)):
            (tmp_path / name).write_text(
                "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8"
            )
        path = tmp_path / "tiny.yaml"
        path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        return path

    return write
