"""What tests of whole evaluations share: a file of pairs with examples beside it, options, servers of `tests/evaluate`."""

import gzip
import json
import re
import runpy
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from qantara.evaluate.arm_run import ArmResult
from qantara.evaluate.calling.costs import ArmCost
from qantara.evaluate.prompting.arms import known_arms
from qantara.evaluate.prompting.asking import item_asks, option_values, predictions_of
from qantara.evaluate.settings import EvaluationConfig
from qantara.evaluate.sitting import Sitting
from qantara.evaluation.options import ModelOptions, Options
from qantara.evaluation.run import evaluate_model
from qantara.models.questions import Likelihood

SERVERS = runpy.run_path(str(Path(__file__).parents[1] / "evaluate" / "conftest.py"))
EN, AR = ("How much of drug {0}?", "{0} mg"), ("كم من الدواء {0}؟", "{0} ملغ")


def _row(number):
    row = {"id": f"q{number}", "subject": "even" if number % 2 == 0 else "odd", "answer_index": number % 4}
    for code, (question, option) in (("en", EN), ("ar", AR)):
        row[code] = {"question": question.format(number), "options": [option.format(number + k) for k in range(4)]}
    return row


def _write(path, numbers):
    lines = [json.dumps(_row(number), ensure_ascii=False) for number in numbers]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def write_pairs():
    return _write


@pytest.fixture
def pairs(tmp_path, monkeypatch):
    """Return a file of eight pairs, q1 to q8, with q20 to q23 beside it as examples."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    _write(tmp_path / "doses_dev.jsonl", range(20, 24))
    return _write(tmp_path / "doses.jsonl", range(1, 9))


@pytest.fixture
def options(pairs, tiny_model, tmp_path):
    """Return `options(config settings.., model={..}, out=..)`: an evaluation of the tiny model on the pairs."""

    def make(out="out", model=None, tasks=None, place=None, **settings):
        named = {"name": f"path:{tiny_model}", "dtype": "float32"} | (model or {})
        return Options(
            model=ModelOptions(**named),
            tasks=tasks or (str(pairs),),
            config=EvaluationConfig(**({"batch_size": 4} | settings)),
            out=tmp_path / out,
            **(place or {}),
        )

    return make


@pytest.fixture
def evaluate(options):
    """Return `evaluate(..as options..)` -> (folder, what scores.json holds)."""

    def run(out="out", **settings):
        asked = options(out, **settings)
        return asked.out, evaluate_model(asked, Console(quiet=True))

    return run


def _contents(folder):
    """Return the bytes of every file of a run but the ledger, by name."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("ledger"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def contents():
    return _contents


@pytest.fixture
def pair_server():
    """Return a server that translates the pairs and answers them."""
    running = SERVERS["PairServer"]()
    yield running
    running.close()


@pytest.fixture
def scoring_server():
    """Return an honest server with a word model behind it, which knows labels in both languages."""
    running = SERVERS["ScoringServer"](SERVERS["WordModel"]())
    yield running
    running.close()


@pytest.fixture
def tiny_server(tiny_model):
    """Return an honest server with the tiny model behind it."""
    running = SERVERS["ScoringServer"](SERVERS["TinyModel"](tiny_model))
    yield running
    running.close()


class _Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "br", "link", "input", "hr", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


_CHUNK = re.compile(r'<script type="text/plain" class="chunk">([^<]+)</script>')


@pytest.fixture
def page_text():
    """Return `page_text(path)`: the text of a page and of the cards packed in it; their tags are all closed, in order."""

    def read(path):
        html = path.read_text(encoding="utf-8")
        cards = [gzip.decompress(b64decode(chunk)).decode("utf-8") for chunk in _CHUNK.findall(html)]
        page = _Balanced()
        page.feed("".join([_CHUNK.sub("", html), *cards]))
        page.close()
        assert page.open == []
        return "".join(page.text)

    return read


@pytest.fixture
def translator(tmp_path, pair_server):
    """Return the place of a recipe whose translator is the server; its meaning is not compared, that takes seconds."""
    model = {"backend": "endpoint", "url": pair_server.url, "model": "t", "max_retries": 0, "concurrency": 4}
    settings = {
        "name": "t",
        "sources": [{"reader": "native", "path": "x"}],
        "translate": {"model": model, "meaning": False, "max_rounds": 0},
    }
    (tmp_path / "translator.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return {"translator": str(tmp_path / "translator.yaml")}


@pytest.fixture
def make_item():
    return SERVERS["_asked_item"]


@pytest.fixture
def arm_result(make_item):
    """Return `arm_result(arm, letters, config, tokenizer)`: an arm's result with made-up likelihoods; R right, W wrong, - open."""

    def make(name, letters, config, tokenizer=None, **fields):
        arm = known_arms(config.direction)[name]
        items = [make_item(number, arm.language) for number in range(len(letters))]
        asked = tuple(item_asks(item, (), config.spec(arm), config, tokenizer) for item in items)
        found = tuple(
            None if letter == "-" else _found(entry, letter == "R")
            for entry, letter in zip(asked, letters, strict=True)
        )
        predictions = [
            prediction
            for entry, answers in zip(asked, found, strict=True)
            if answers is not None
            for prediction in predictions_of(entry, option_values(entry, answers), Sitting("m", "doses", name))
        ]
        values = {"cost": ArmCost(scored_tokens=7), "num_unanswered": letters.count("-")} | fields
        return ArmResult(arm=arm, task="doses", asked=asked, predictions=tuple(predictions), found=found, **values)

    return make


def _found(entry, is_right):
    chosen = (entry.item.answer_index + (not is_right)) % 4
    one = [Likelihood(-1.0 if place == chosen else -2.0 - place, 1, place == chosen) for place in range(4)]
    return [[one for _ in ask.sets] for ask in entry.asks]
