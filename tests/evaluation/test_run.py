"""Whole evaluations of the tiny model: what is written, that it is the same again, and what stops a run before it begins."""

import io
import json
import math
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.errors import DataError, QantaraError, RecipeError, StoreError
from qantara.evaluation import opening
from qantara.evaluation.run import evaluate_model, load_tasks, show_prompts
from qantara.records import Prediction
from qantara.store import read_records

FIELDS = {"task", "arm", "scoring", "normalization", "num_items", "num_correct", "accuracy", "low", "high"}
AUDITED = (("source", "en"), ("target", "ar"))
ALL = {"scoring": ("letter", "text"), "pmi": True, "permutations": True}


def test_a_run_writes_scores_predictions_costs_pages_and_what_lm_eval_reads(evaluate, contents):
    folder, scores = evaluate(arms=("en", "ar", "ar-latin", "ar-en"), **ALL)
    names = set(contents(folder))
    assert {"scores.json", "predictions.parquet", "costs.json", "index.html", "items-doses.html", "run.json"} <= names
    assert {"lm-eval/tasks/qantara_doses_ar_en_text.yaml", "lm-eval/tasks/qantara_doses_en_letter.jsonl"} <= names
    assert json.loads((folder / "scores.json").read_text(encoding="utf-8")) == scores
    assert not list(folder.rglob("*.part"))


def test_scores_are_a_list_of_the_promised_fields_one_row_an_arm_and_way(evaluate):
    _, scores = evaluate(arms=("en", "ar"), **ALL)
    assert len(scores["scores"]) == 2 * (2 + 5)
    for row in scores["scores"]:
        assert set(row) >= FIELDS
        assert (row["task"], row["num_items"]) == ("doses", 8)
        assert row["accuracy"] == row["num_correct"] / 8
        assert 0 <= row["low"] <= row["accuracy"] <= row["high"] <= 1
        assert (row["chance"], row["majority"]) == (0.25, 0.25)
    ways = {(row["arm"], row["scoring"], row["normalization"]) for row in scores["scores"]}
    assert len(ways) == len(scores["scores"])
    assert scores["primary"] == {"scoring": "letter", "normalization": "sum"}
    assert {(row["arm"], row["source_arm"]) for row in scores["gaps"]} == {("ar", "en")}
    assert len(scores["gaps"]) == 7


def test_predictions_hold_every_answer_and_give_the_scores(evaluate):
    folder, scores = evaluate(arms=("en", "ar"), **ALL)
    predictions = list(read_records(folder / "predictions.parquet", Prediction))
    assert len(predictions) == 8 * 2 * 7
    for row in scores["scores"]:
        mine = [
            p
            for p in predictions
            if (p.arm, p.scoring, p.normalization) == (row["arm"], row["scoring"], row["normalization"])
        ]
        assert sum(p.chosen_index == p.answer_index for p in mine) == row["num_correct"]
    for p in predictions:
        assert len(p.log_probabilities) == 4
        assert all(map(math.isfinite, p.log_probabilities))
        assert p.normalization == "pmi" or max(p.log_probabilities) < 0
    assert {p.subject for p in predictions} == {"even", "odd"}


def test_what_the_numbers_follow_from_stands_beside_them(evaluate):
    _, scores = evaluate(shots=1)
    assert scores["format"] == 1
    assert set(scores["identity"]) == {"model", "weights", "adapter", "dtype", "quantization", "device"}
    assert scores["identity"]["dtype"] == "float32"
    assert (scores["settings"]["shots"], scores["settings"]["delimiter"], scores["settings"]["chat"]) == (1, " ", False)
    (task,) = scores["tasks"]
    assert (task["name"], task["num_items"], task["num_rejected"], task["num_unpaired"]) == ("doses", 8, 0, 0)
    assert task["fingerprint"]


def test_pages_are_whole_and_show_the_arabic_text(evaluate, page_text):
    folder, _ = evaluate(arms=("en", "ar"), scoring=("letter", "text"), shots=2)
    report = page_text(folder / "index.html")
    assert "doses" in report
    items = page_text(folder / "items-doses.html")
    for text in ("كم من الدواء 3؟", "5 ملغ", "How much of drug 3?", "q8"):
        assert text in items
    assert 'dir="rtl"' in (folder / "items-doses.html").read_text(encoding="utf-8")


def test_running_again_gives_the_same_bytes_of_every_file_and_loads_no_model(evaluate, contents, monkeypatch):
    settings = {"arms": ("en", "ar"), "shots": 2, **ALL}
    folder, _ = evaluate(**settings)
    before = contents(folder)

    def refuse(*_):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(opening, "_loaded", refuse)
    evaluate(**settings)
    assert contents(folder) == before


def test_two_arms_more_change_nothing_of_what_was_there(evaluate):
    _, first = evaluate(arms=("en", "ar"))
    _, second = evaluate(arms=("ar-latin", "ar", "en"))
    rows = {row["arm"]: row for row in second["scores"]}
    assert [rows[row["arm"]] for row in first["scores"]] == first["scores"]


def test_a_limit_takes_the_same_random_pairs_in_every_arm(evaluate):
    folder, scores = evaluate(limit=3)
    assert {row["num_items"] for row in scores["scores"]} == {3}
    chosen = {}
    for p in read_records(folder / "predictions.parquet", Prediction):
        chosen.setdefault(p.arm, set()).add(p.family)
    assert chosen["en"] == chosen["ar"]
    other, _ = evaluate("other", limit=3, arms=("ar",))
    assert {p.family for p in read_records(other / "predictions.parquet", Prediction)} == chosen["ar"]


def test_an_interrupted_run_ends_as_an_undisturbed_one(evaluate, options, contents, monkeypatch):
    settings = {"arms": ("en", "ar"), "scoring": ("letter", "text"), "shots": 1, "batch_size": 2}
    loaded, batches = opening._loaded, []

    def stopping(*arguments):
        scorer = loaded(*arguments)
        run = scorer.run

        def stop(batch, encoded):
            batches.append(batch)
            if len(batches) == 6:  # in the second arm
                raise KeyboardInterrupt
            return run(batch, encoded)

        monkeypatch.setattr(scorer, "run", stop)
        return scorer

    monkeypatch.setattr(opening, "_loaded", stopping)
    with pytest.raises(KeyboardInterrupt):
        evaluate("killed", **settings)
    monkeypatch.setattr(opening, "_loaded", loaded)
    assert not (options("killed").out / "scores.json").exists()
    folder, _ = evaluate("killed", **settings)
    calm, _ = evaluate("calm", **settings)
    for name in ("scores.json", "predictions.parquet", "items-doses.html"):
        assert contents(folder)[name] == contents(calm)[name]


def test_an_audit_s_clean_list_is_counted_beside_all_and_its_findings_are_shown(evaluate, pairs, tmp_path, page_text):
    pairs.write_text(
        pairs.read_text(encoding="utf-8").replace('"5 ملغ", "6 ملغ"]', '"50 ملغ", "6 ملغ"]'), encoding="utf-8"
    )
    columns = "id=id,answer_index=answer_index"
    columns += "".join(f",{side}.{part}={code}.{part}" for side, code in AUDITED for part in ("question", "options"))
    asked = [
        "audit",
        str(pairs),
        "--out",
        str(tmp_path / "audit"),
        "--workers",
        "1",
        "--no-meaning",
        "--columns",
        columns,
    ]
    assert CliRunner().invoke(app, asked).exit_code == 0
    folder, scores = evaluate(place={"clean": tmp_path / "audit"})
    assert (scores["clean"]["source"], scores["clean"]["num_ids"]) == ("clean_ids.txt", 7)
    assert {(row["arm"], row["num_items"]) for row in scores["clean"]["scores"]} == {("en", 7), ("ar", 7)}
    assert {row["num_items"] for row in scores["scores"]} == {8}
    assert scores["clean"]["gaps"][0]["num_items"] == 7
    assert "clean_ids.txt" in page_text(folder / "index.html")
    assert "digits.changed" in page_text(folder / "items-doses.html")


def test_a_clean_list_need_not_hold_the_items_that_a_limit_leaves(evaluate, tmp_path):
    counts = []
    for number in range(1, 9):
        (tmp_path / "ids.txt").write_text(f"q{number}\n", encoding="utf-8")
        _, scores = evaluate(limit=1, place={"clean": tmp_path / "ids.txt"})
        counts.append([row["num_items"] for row in scores["clean"]["scores"]])
    assert sorted(counts) == [[]] * 7 + [[1, 1]]


def test_two_runs_are_compared_item_by_item(evaluate, page_text):
    first, _ = evaluate("first", shots=1)
    second, scores = evaluate("second", place={"compare": first})
    assert {row["num_items"] for row in scores["comparison"]["accuracies"]} == {8}
    assert [row["arm"] for row in scores["comparison"]["gaps"]] == ["ar"]
    page = page_text(second / "index.html")
    assert page != page_text(evaluate("third")[0] / "index.html")
    assert len(page_text(second / "items-doses.html")) > 0


def test_translated_arms_are_answered_through_a_translator(evaluate, pair_server, translator, page_text):
    pair_server.unreadable = {3}
    folder, scores = evaluate(
        arms=("en", "translated", "round-trip"),
        place=translator,
    )
    assert {(row["arm"], row["num_items"]) for row in scores["scores"]} == {
        *(("en", 8), ("translated", 8), ("round-trip", 8))
    }
    notes = {note["arm"]: note for note in scores["arms"]}
    assert notes["en"]["translation"] is None
    assert notes["translated"]["translation"]["num_fallback"] == 1
    assert scores["translate_first"] == [] or scores["translate_first"][0]["task"] == "doses"
    assert scores["identity"]["translator"]["model"] == "t"
    lines = (folder / "translations.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(row["arm"], len(row["legs"])) for row in rows if row["id"] == "q1"] == [
        ("translated", 1),
        ("round-trip", 2),
    ]
    assert [row["fallback"] != "" for row in rows].count(True) == 2
    costs = {row["arm"]: row for row in json.loads((folder / "costs.json").read_text(encoding="utf-8"))}
    assert costs["en"]["calls"] == 0
    assert costs["translated"]["calls"] > 7
    assert "form.missing_field" in page_text(folder / "index.html")


def test_a_translated_run_that_is_repeated_sends_nothing_and_is_the_same(evaluate, pair_server, translator, contents):
    settings = {
        "arms": ("translated", "translated-back"),
        "scoring": ("letter", "generate"),
        "max_reply_tokens": 8,
        "place": translator,
    }
    folder, _ = evaluate(**settings)
    before, asked = contents(folder), len(pair_server.bodies)
    evaluate(**settings)
    assert len(pair_server.bodies) == asked
    assert contents(folder) == before


def test_the_model_s_own_replies_are_read_and_counted(evaluate):
    _, scores = evaluate(scoring=("generate",), max_reply_tokens=6, limit=2)
    assert scores["primary"] == {"scoring": "generate", "normalization": ""}
    assert {(row["arm"], row["num_items"]) for row in scores["extraction"]} == {("en", 2), ("ar", 2)}
    assert {row["chance"] for row in scores["scores"]} == {0.25}


def test_a_task_in_one_language_goes_without_the_other_s_arms(evaluate, options, tmp_path):
    rows = [{"id": "1", "question": "كم؟", "options": ["نعم", "لا"], "answer_index": 0}]
    path = tmp_path / "arabic.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    console = Console(record=True, file=io.StringIO())
    scores = evaluate_model(options(tasks=(str(path),)), console)
    assert [row["arm"] for row in scores["scores"]] == ["ar"]
    assert "arabic has no items in 'en': without the arm en" in console.export_text()


def test_several_tasks_are_told_apart_and_pooled(evaluate, write_pairs, pairs, tmp_path):
    more = write_pairs(tmp_path / "more.jsonl", range(30, 34))
    folder, scores = evaluate(tasks=(str(pairs), str(more), str(more)))
    assert [(row["task"], row["arm"], row["num_items"]) for row in scores["scores"]] == [
        *(("doses", "en", 8), ("doses", "ar", 8), ("more", "en", 4), ("more", "ar", 4))
    ]
    assert [(row["task"], row["num_items"]) for row in scores["gaps"]] == [("doses", 8), ("more", 4), ("pooled", 12)]
    assert (folder / "items-more.html").is_file()


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"arms": ("translated",)}, RecipeError, "the arm translated translates: give a translator"),
        ({"arms": ("round-trip",)}, RecipeError, "give a translator"),
        ({"tasks": ("no-such-task",)}, DataError, "'no-such-task' is no file and not known; known: .*medqa"),
        ({"place": {"compare": "PLACE"}}, DataError, "there is no predictions.parquet in it"),
        ({"place": {"clean": "PLACE/other.txt"}}, DataError, "none of its 2 ids is in the tasks; is it of other data?"),
        ({"shots": 9}, DataError, "9 worked examples are asked for, the task has 4 in 'en'"),
        ({"model": {"name": "path:PLACE/nothing"}}, QantaraError, "nothing"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_before_anything_is_loaded(
    evaluate, tmp_path, monkeypatch, changes, error, said
):
    (tmp_path / "other.txt").write_text("a\nb\n", encoding="utf-8")
    changes = json.loads(json.dumps(changes).replace("PLACE", str(tmp_path)))
    changes["place"] = {name: Path(text) for name, text in changes.get("place", {}).items()}
    monkeypatch.setattr(opening, "_loaded", lambda *_: pytest.fail("a model was loaded"))
    with pytest.raises(error, match=said):
        evaluate(**changes)


def test_a_folder_that_holds_no_adapter_is_the_user_s_to_mend(evaluate, tmp_path):
    with pytest.raises(QantaraError, match="adapter"):
        evaluate(model={"adapter": tmp_path})


def test_a_folder_of_another_command_is_refused(evaluate, options):
    out = options().out
    out.mkdir()
    (out / "run.json").write_text('{"recipe": "x"}', encoding="utf-8")
    with pytest.raises(StoreError, match="another command"):
        evaluate()


def test_two_tasks_of_one_name_are_refused(options, pairs, tmp_path):
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / pairs.name
    copy.write_bytes(pairs.read_bytes())
    with pytest.raises(DataError, match="two tasks have the same name"):
        load_tasks(options(tasks=(str(pairs), str(copy))), Console(quiet=True))


def test_prompts_are_shown_without_a_model(options, monkeypatch):
    monkeypatch.setattr(opening, "_loaded", lambda *_: pytest.fail("a model was loaded"))
    lines = show_prompts(options(arms=("en", "ar")), Console(quiet=True))
    assert [line for line in lines if line.startswith("===")] == [
        "=== doses, en, item q1: letter",
        "=== doses, ar, item q1: letter",
    ]
