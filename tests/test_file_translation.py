"""`qantara translate` from file to file, against a real HTTP server on loopback that answers what each test wants."""

import contextlib
import csv
import gzip
import json
import re
import shutil
import threading
import time
import zlib
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from rich.console import Console

from qantara.errors import BudgetError, DataError, RecipeError
from qantara.file_translation import Options, open_translation, unanswered, write_translations
from qantara.ledger import open_ledger
from qantara.llm.calls import CallLedger
from qantara.records import Calibration
from qantara.review.run_folder import export_run, import_run
from qantara.translator import prompt_files, prompting
from qantara.translator.calibration import write_calibration

ENGLISH = re.compile(r"Take (\d+) mg of metformin every 8 hours\.")
ARABIC = re.compile(r"تناول (\d+) ملغ من الميتفورمين كل 8 ساعات\.")
TEXTS = [f"Take {number} mg of metformin every 8 hours." for number in (11, 15, 12, 20, 13, 19, 14)]
FIELD = re.compile(r'<f id="([^"]+)">(.*?)</f>', re.DOTALL)
UNPROVEN = {"field": "text", "category": "number", "severity": "major", "source": "99 mg", "target": ""}


def translated(text, wrong):
    """Translate a text of this module; any other comes back as it is."""
    if found := ENGLISH.fullmatch(text):
        return f"تناول {found[1]}{'0' if wrong else ''} ملغ من الميتفورمين كل 8 ساعات."
    found = ARABIC.fullmatch(text)
    return f"Take {found[1]} mg of metformin every 8 hours." if found else text


def said(messages):
    """Return what the model says: ten times the dose in the first round where it is a multiple of 5; the judge doubts 19 mg."""
    asked = messages[-1]["content"]
    if messages[0]["content"].startswith("You are a bilingual physician"):
        return json.dumps({"spans": [UNPROVEN] if "19 mg" in asked else [], "score": 90})
    fields, repair, _ = asked.partition("Repair round")
    texts = FIELD.findall(fields)
    wrong = not repair and re.search(r"\d*[05] mg", fields) is not None
    return "\n".join(f'<f id="{name}">{translated(text, wrong)}</f>' for name, text in texts)


class Server:
    """Answers `said` after a delay by the prompt; `bodies` are the requests it got, `fault` says how it fails."""

    def __init__(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = server.answer(body)
                data = json.dumps(answer).encode()
                head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.wfile.write(head.encode() + data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.calm()

    def calm(self):
        self.bodies, self.delay, self.fault = [], lambda _: 0.0, lambda _: ""

    def answer(self, body):
        self.bodies.append(body)
        time.sleep(self.delay(body))
        fault = self.fault(body)
        if fault == "error":
            return 500, {"error": {"message": "no", "type": "server_error"}}
        text = "" if fault == "empty" else said(body["messages"])
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        return 200, {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [choice],
        } | {"usage": usage}

    def prompts(self):
        return Counter(json.dumps(body["messages"]) for body in self.bodies)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def running():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def model(running):
    running.calm()
    return running


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "items.jsonl", [{"id": f"row-{i}", "text": text} for i, text in enumerate(TEXTS)])


def opened(file, run, server=None, direction=("en", "ar"), **options):
    models = {"endpoint": server.url, "model": "m"} if server else {}
    given = Options(direction=direction, **{"meaning": False, "concurrency": 8} | models | options)
    return open_translation(file, run, given, Console(quiet=True))


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def translate(file, run, server=None, **options):
    """Translate a file; return the lines that come out."""
    pipeline = opened(file, run, server, **options)
    pipeline.run()
    return lines(write_translations(pipeline)[0])


def test_each_row_comes_out_once_in_order_with_its_status_and_a_second_run_sends_nothing(model, tmp_path):
    texts = [TEXTS[0], "Nothing is known of this.", "  ", 'Take <f id="x"> now.', TEXTS[1], TEXTS[0]]
    file = write(tmp_path / "items.jsonl", [{"id": f"row-{i}", "text": text} for i, text in enumerate(texts)])
    found = translate(file, tmp_path / "run", model)
    assert [line["id"] for line in found] == [f"row-{i}" for i in range(6)]
    assert [line["status"] for line in found] == ["accepted", "waits", "rejected", "rejected", "accepted", "accepted"]
    right = "تناول 11 ملغ من الميتفورمين كل 8 ساعات."
    assert found[0] == {
        "id": "row-0",
        "score": 100,
        "status": "accepted",
        "language": "ar",
        "text": right,
        "kind": "passage",
    }
    assert found[1]["draft"] == {"text": "Nothing is known of this.", "kind": "passage"}
    assert (found[1]["reason"], found[2]["reason"], found[3]["reason"]) == (
        "script.untranslated",
        "empty",
        "reserved_markup",
    )
    assert found[4]["text"] == translated(texts[4], wrong=False)
    assert found[5]["text"] == right
    assert max(model.prompts().values()) == 1
    asked = len(model.bodies)
    pipeline = opened(file, tmp_path / "run", model)
    assert pipeline.run() == []
    assert lines(write_translations(pipeline)[0]) == found
    assert write_translations(pipeline)[1] == {"accepted": 3, "waits": 1, "rejected": 2}
    assert len(model.bodies) == asked


def test_rows_with_the_same_id_and_text_come_back_each(model, tmp_path):
    rows = [{"id": "same", "text": TEXTS[0]}] * 2 + [{"id": "same", "text": TEXTS[1]}]
    found = translate(write(tmp_path / "r.jsonl", rows), tmp_path / "run", model)
    assert [(line["id"], line["status"]) for line in found] == [("same", "accepted")] * 3
    assert found[0] == found[1] != found[2]
    assert max(model.prompts().values()) == 1


def test_a_file_of_which_nothing_is_left_still_gives_its_lines(model, tmp_path):
    file = write(tmp_path / "r.jsonl", [{"id": "a", "text": " "}, {"id": "b", "text": None}])
    with file.open("a", encoding="utf-8") as out:
        out.write('{"id": "c", "text": "half a character: \\ud800"}\n')
    assert [line["reason"] for line in translate(file, tmp_path / "run", model)] == ["empty"] * 3
    assert not model.bodies


def as_jsonl_gz(path, rows):
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


def as_table(delimiter):
    def written(path, rows):
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, rows[0], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows)

    return written


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("rows.jsonl.gz", as_jsonl_gz),
        ("rows.csv", as_table(",")),
        ("rows.tsv", as_table("\t")),
        ("rows.parquet", lambda path, rows: pq.write_table(pa.Table.from_pylist(rows), path)),
    ],
)
def test_every_format_gives_the_same_lines_and_columns_may_go_by_other_names(model, tmp_path, name, written):
    rows = [{"number": str(i), "english": text} for i, text in enumerate(TEXTS[:2])]
    written(tmp_path / name, rows)
    found = translate(tmp_path / name, tmp_path / "run", model, columns={"id": "number", "text": "english"})
    assert [(line["id"], line["status"]) for line in found] == [("0", "accepted"), ("1", "accepted")]
    assert [line["text"] for line in found] == [translated(text, wrong=False) for text in TEXTS[:2]]


def test_records_of_all_kinds_in_one_file_keep_their_structure(model, tmp_path):
    rows = [
        {"key": "p", "kind": "passage", "text": TEXTS[0]},
        {"key": "a", "kind": "answer", "question": TEXTS[2], "answer": TEXTS[4]},
        {"key": "c", "kind": "choice", "question": TEXTS[0], "options": [TEXTS[2], TEXTS[4]], "answer_index": 1},
        {
            "key": "d",
            "kind": "dialogue",
            "turns": [{"role": "user", "text": TEXTS[2]}, {"role": "assistant", "text": TEXTS[4]}],
        },
    ]
    passage, answer, choice, dialogue = translate(write(tmp_path / "r.jsonl", rows), tmp_path / "run", model)
    assert {line["status"] for line in (passage, answer, choice, dialogue)} == {"accepted"}
    arabic = {text: translated(text, wrong=False) for text in TEXTS}
    assert passage["text"] == arabic[TEXTS[0]]
    assert (answer["question"], answer["answer"]) == (arabic[TEXTS[2]], arabic[TEXTS[4]])
    assert (choice["options"], choice["answer_index"]) == ([arabic[TEXTS[2]], arabic[TEXTS[4]]], 1)
    assert [turn["role"] for turn in dialogue["turns"]] == ["user", "assistant"]
    assert dialogue["turns"][1]["text"] == arabic[TEXTS[4]]


def test_arabic_to_english_is_the_same_code(model, tmp_path):
    rows = [{"id": i, "text": translated(text, wrong=False)} for i, text in enumerate(TEXTS[:2])]
    found = translate(write(tmp_path / "r.jsonl", rows), tmp_path / "run", model, direction=("ar", "en"))
    assert [(line["status"], line["language"], line["text"]) for line in found] == [
        ("accepted", "en", text) for text in TEXTS[:2]
    ]


@pytest.mark.parametrize(
    ("text", "name", "columns", "message"),
    [
        (None, "none.jsonl", {}, "none.jsonl: no such file"),
        ("", "empty.jsonl", {}, "empty.jsonl: there are no records in it"),
        ("id,text\n", "empty.csv", {}, "empty.csv: there are no records in it"),
        ('{"id": 1, "words": "x"}\n', "r.jsonl", {}, "among: id, words; say --columns"),
        ('{"id": 1, "words": "x"}\n', "r.jsonl", {"text": "wrods"}, "no column 'wrods'; there are: id, words"),
        ('{"id": 1, "text"', "r.jsonl", {}, "r.jsonl, line 1: not valid JSON"),
        ("x", "r.docx", {}, "r.docx: the name must end with .jsonl"),
    ],
)
def test_a_file_that_can_not_be_used_is_one_line(model, tmp_path, text, name, columns, message):
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        translate(tmp_path / name, tmp_path / "run", model, columns=columns)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not model.bodies


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({}, "give --recipe, or --endpoint and --model"),
        ({"endpoint": "localhost:8000", "model": "m"}, "endpoint.url: String should match pattern"),
        ({"endpoint": "http://x/v1", "model": "m", "direction": ("en", "xx")}, "language 'xx' is not known; known: "),
        ({"endpoint": "http://x/v1", "model": "m", "direction": ("en", "en")}, "are the same: en"),
        ({"endpoint": "http://x/v1", "model": "m", "budget_usd": 0}, "budget.usd: Input should be greater than 0"),
        ({"endpoint": "http://x/v1", "model": "m", "judge_endpoint": "http://y/v1"}, "--judge-endpoint needs"),
        ({"endpoint": "http://x/v1", "model": "m", "overrides": ("seed=3",)}, "--set overrides a recipe"),
        ({"recipe": "r.yaml", "model": "m"}, "give --recipe, or an endpoint and its models, not both"),
    ],
)
def test_options_that_do_not_fit_are_named_before_anything_is_made(file, tmp_path, options, fault):
    with pytest.raises(RecipeError) as caught:
        opened(file, tmp_path / "run", **options)
    assert fault in str(caught.value)
    assert len(caught.value.faults) == 1
    assert not (tmp_path / "run").exists()


def recipe_of(tmp_path, server, **settings):
    model = {"backend": "endpoint", "url": server.url, "model": "m"}
    judge = {"judge": model | {"model": "j"}}
    recipe = {"name": "r", "seed": 7, "sources": [{"reader": "sample"}]}
    recipe["translate"] = {"model": model, "meaning": False} | judge | settings
    path = tmp_path / "r.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return path


def test_a_recipe_gives_the_settings_and_the_file_is_what_is_translated(model, file, tmp_path):
    recipe = recipe_of(tmp_path, model, audit_rate=0)
    pipeline = opened(file, tmp_path / "run", recipe=recipe, overrides=("translate.max_rounds=0",))
    pipeline.run()
    found = lines(write_translations(pipeline)[0])
    assert (pipeline.recipe.seed, pipeline.recipe.translate.max_rounds) == (7, 0)
    assert len(found) == len(TEXTS)
    assert [line["status"] for line in found] == [
        "accepted",
        "waits",
        "accepted",
        "waits",
        "accepted",
        "waits",
        "accepted",
    ]


def test_people_s_decisions_change_the_output_and_send_nothing(model, file, tmp_path):
    run = tmp_path / "run"
    before = translate(file, run, model, judge_model="j")
    assert (before[5]["status"], before[5]["reason"]) == ("waits", "judge.number")
    export_run(run, tmp_path / "queue.csv")
    with (tmp_path / "queue.csv").open(encoding="utf-8-sig", newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        row |= {"action": "accept", "error": "none", "reviewer": "dr"}
    as_table(",")(tmp_path / "queue.csv", rows)
    assert import_run(run, tmp_path / "queue.csv")[0] >= 1
    asked = len(model.bodies)
    after = translate(file, run, model, judge_model="j")
    assert (after[5]["status"], after[5]["text"]) == ("accepted", before[5]["draft"]["text"])
    assert after[:5] + after[6:] == before[:5] + before[6:]
    assert len(model.bodies) == asked


@pytest.fixture
def prompts(tmp_path, monkeypatch):
    """Return a folder of copied prompts that the translator reads; call `forget()` after an edit."""
    folder = tmp_path / "prompts"
    shutil.copytree(str(resources.files("qantara.translator.prompts")), folder)
    monkeypatch.setattr(prompt_files, "FOLDER", folder)

    def forget():
        prompt_files.prompt_file.cache_clear()
        prompting._filled.cache_clear()

    forget()
    yield folder, forget
    forget()


def test_an_edited_prompt_sends_again_only_the_calls_whose_text_it_changes(model, file, tmp_path, prompts):
    folder, forget = prompts
    run = tmp_path / "run"
    first = translate(file, run, model, judge_model="j")
    of_repair = [body for body in model.bodies if "Repair round" in body["messages"][-1]["content"]]
    of_judge = [body for body in model.bodies if body["model"] == "j"]
    others = [body for body in model.bodies if body not in of_repair and body not in of_judge]
    assert (len(others), len(of_repair), len(of_judge)) == (
        7,
        4,
        7,
    )  # the repair of 19 mg says the same again: judged already
    sent = {}
    for name in ("retranslate.txt", "judge.txt", "translate.txt", "terms.txt"):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace(".", ". Be careful.", 1), encoding="utf-8")
        forget()
        model.bodies = []
        assert translate(file, run, model, judge_model="j") == first
        sent[name] = len(model.bodies)
    # every translation's system message changes with translate.txt, that of repairs too; no text here has a glossary's term
    assert sent == {"retranslate.txt": 4, "judge.txt": 7, "translate.txt": 11, "terms.txt": 0}


def calibration(policy, threshold):
    zeros = dict.fromkeys(
        ("num_accepted", "num_audited", "num_audited_wrong", "num_doubted", "num_doubted_decided", "num_doubted_wrong"),
        0,
    )
    rates = dict.fromkeys(("auc_low", "auc_high", "accepted_error_low", "accepted_error_high"), 0.0)
    unknown = dict.fromkeys(("upper_error_rate", "review_share", "auc", "accepted_error_rate"))
    given = {"policy": policy, "date": "2026-01-01", "threshold": threshold, "error_rate": 0.02, "confidence": 0.95}
    return Calibration(**given, **zeros, **rates, **unknown)


def test_a_calibrated_score_decides_and_a_calibration_of_another_policy_is_refused(model, file, tmp_path):
    run = tmp_path / "run"
    pipeline = opened(file, run, recipe=recipe_of(tmp_path, model, audit_rate=0))
    pipeline.run()
    assert lines(write_translations(pipeline)[0])[5]["status"] == "waits"
    policy = pipeline.run_folder.summary("translate")["details"]["policy"]
    write_calibration(tmp_path / "c.json", calibration(policy, 75))
    asked = len(model.bodies)
    recipe = recipe_of(tmp_path, model, audit_rate=0, calibration="c.json")
    found = translate(file, run, recipe=recipe)
    assert (found[5]["status"], found[5]["score"]) == ("accepted", 80)
    assert translate(file, run, recipe=recipe, overrides=("translate.threshold=81",))[5]["status"] == "waits"
    floored = ("translate.threshold=90", "translate.floor=85")
    assert translate(file, run, recipe=recipe, overrides=floored)[5]["reason"] == "score_below_floor"
    assert len(model.bodies) == asked
    with pytest.raises(DataError, match=r"c\.json: made with another judge, prompt, rule or language") as caught:
        translate(file, run, recipe=recipe, overrides=("translate.judge.model=k",))
    assert "\n" not in str(caught.value)
    assert len(model.bodies) == asked


def test_a_budget_stops_and_says_what_is_left_and_a_higher_one_pays_nothing_again(model, tmp_path):
    file = write(tmp_path / "r.jsonl", [{"id": i, "text": TEXTS[0].replace("11", str(i))} for i in range(101, 140, 2)])
    run = tmp_path / "run"
    with pytest.raises(BudgetError) as caught:
        translate(file, run, model, budget_tokens=4000)
    assert "\n" not in str(caught.value)
    assert re.match(
        r"\d+ of 20 records are done, \d+ are left: .* of budget\.tokens 4,000 are spent", str(caught.value)
    )
    ledger = CallLedger(open_ledger(run / "ledger.sqlite"))
    assert 0 < 120 * len(model.bodies) <= 4000
    assert sum(total.calls for total in ledger.totals()) == len(model.bodies)
    assert ledger.interrupted() == 0
    found = translate(file, run, model, budget_tokens=1_000_000)
    assert {line["status"] for line in found} <= {"accepted", "waits"}
    assert max(model.prompts().values()) == 1


def test_neither_concurrency_nor_latency_nor_passing_faults_change_a_byte(model, tmp_path):
    """Meanings are compared within a batch, so batches must hold the same records however fast answers come."""
    texts = [TEXTS[0].replace("11", str(i)) for i in range(100, 125)] + ["Nothing is known of this."]
    file = write(tmp_path / "r.jsonl", [{"id": i, "text": text} for i, text in enumerate(texts)])

    def outputs(concurrency):
        run = tmp_path / f"run-{concurrency}"
        places = (f"translate.{name}.concurrency={concurrency}" for name in ("model", "judge"))
        recipe = recipe_of(tmp_path, model, meaning=True, batch_records=8)
        translate(file, run, recipe=recipe, overrides=tuple(places))
        return [(run / name).read_bytes() for name in ("translate/kept.parquet", "translations.jsonl")]

    smooth = outputs(2)
    failed = set()

    def fault(body):
        """Fail every tenth call once, and leave every tenth other one without text once."""
        draw = zlib.crc32(str(body).encode()) % 10
        is_first = str(body) not in failed and not failed.add(str(body))
        return {0: "error", 1: "empty"}.get(draw, "") if is_first else ""

    model.fault = fault
    model.delay = lambda body: zlib.crc32(str(body).encode()) % 7 / 100
    model.bodies = []
    assert outputs(32) == smooth
    assert len(model.bodies) - len(failed) > 5  # some were asked again


def test_what_got_no_answer_is_asked_again_by_the_next_run(model, file, tmp_path):
    run = tmp_path / "run"
    recipe = recipe_of(tmp_path, model)
    overrides = ("translate.model.max_retries=0", "translate.audit_rate=0", "translate.model.concurrency=1")
    model.fault = lambda body: "error" if "14 mg" in str(body) else ""
    pipeline = opened(file, run, recipe=recipe, overrides=overrides)
    pipeline.run()
    found = lines(write_translations(pipeline)[0])
    assert (found[6]["status"], found[6]["reason"]) == ("rejected", "call_server_error")
    (refused,) = pipeline.run_folder.rejected("translate")
    assert refused.detail == "the call got no answer, also after retries"
    assert unanswered(pipeline) == 1
    model.calm()
    pipeline.run(again=["translate"])
    assert lines(write_translations(pipeline)[0])[6]["status"] == "accepted"
    assert unanswered(pipeline) == 0
    assert len(model.bodies) == 2  # the translation that failed, and its judge


def test_no_key_is_left_in_the_run_folder(model, file, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key-of-mine")
    translate(file, tmp_path / "run", model)
    kept = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert len(kept) > 10
    assert not [path for path in kept if b"secret-key-of-mine" in path.read_bytes()]
