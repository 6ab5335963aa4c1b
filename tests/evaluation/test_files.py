import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from qantara.evaluate.settings import EvaluationConfig
from qantara.evaluation.files import Run, scores_of, write_run
from qantara.records import Prediction, Rejection
from qantara.sources.benchmarks.benchmark import LoadedTask
from qantara.sources.benchmarks.clean_list import CleanList
from qantara.store import read_records

CONFIG = EvaluationConfig(arms=("en", "ar"), scoring=("letter", "text"))
STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def run(arm_result, make_item):
    """Return `run(en="RW..", ar=..)`: a finished run with made-up answers; a letter an item, see `arm_result`."""

    def make(en="RRRW", ar="RWWW", config=CONFIG, **changes):
        items = tuple(make_item(number, code) for number in range(len(en)) for code in ("en", "ar"))
        values = {
            "config": config,
            "model": "m",
            "identity": {"model": "m", "weights": "w"},
            "tasks": [LoadedTask(name="doses", data_set=None, items=items)],
            "results": [arm_result("en", en, config), arm_result("ar", ar, config)],
            "findings": {},
            "started": STARTED,
        }
        return Run(**(values | changes))

    return make


def test_scores_hold_every_number_with_what_it_follows_from(run):
    scores = scores_of(run())
    assert [(row["arm"], row["num_correct"], row["num_items"]) for row in scores["scores"][:1]] == [("en", 3, 4)]
    assert scores["gaps"][0]["gap"] == 0.5
    assert (scores["model"], scores["identity"]) == ("m", {"model": "m", "weights": "w"})
    assert scores["settings"]["arms"] == ["en", "ar"]
    (task,) = scores["tasks"]
    assert (task["licence"], task["num_items"], task["num_rejected"]) == ("unknown", 4, 0)
    assert "clean" not in scores
    json.dumps(scores)


def test_two_runs_are_compared_item_by_item_and_by_their_gaps(run):
    other = [replace(p, model="other") for p in run(en="RRWW", ar="RRWW").predictions()]
    found = scores_of(run(), other)["comparison"]
    assert [(row["arm"], row["difference"]) for row in found["accuracies"][:2]] == [("en", 0.25), ("ar", -0.25)]
    (gap, *_) = found["gaps"]
    assert (gap["first"], gap["second"], gap["arm"], gap["difference"]) == ("m", "other", "ar", 0.5)
    assert "comparison" not in scores_of(run())


def test_scores_depend_neither_on_when_nor_on_how_fast_it_ran(run):
    slow = run(started=datetime(2027, 1, 1, tzinfo=UTC))
    slow = replace(slow, results=[replace(r, cost=replace(r.cost, wall_seconds=9.0)) for r in slow.results])
    assert scores_of(slow) == scores_of(run())


def test_a_clean_subset_has_tables_of_its_own(run):
    scores = scores_of(run(clean=CleanList("clean_ids.txt", 3, 1, frozenset({"f0", "f1"}))))
    assert {name: scores["clean"][name] for name in ("source", "num_ids", "num_unknown")} == {
        "source": "clean_ids.txt",
        "num_ids": 3,
        "num_unknown": 1,
    }
    assert [(row["arm"], row["num_correct"], row["num_items"]) for row in scores["clean"]["scores"][::5]] == [
        *(("en", 2, 2), ("ar", 1, 2))
    ]
    assert {row["num_items"] for row in scores["scores"]} == {4}


def test_files_hold_what_they_are_named_after(run, tmp_path, page_text):
    done = run()
    assert write_run(done, tmp_path) == json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert list(read_records(tmp_path / "predictions.parquet", Prediction)) == done.predictions()
    costs = json.loads((tmp_path / "costs.json").read_text(encoding="utf-8"))
    assert [(row["task"], row["arm"], row["scored_tokens"]) for row in costs] == [
        ("doses", "en", 7),
        ("doses", "ar", 7),
    ]
    assert "items-doses.html" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "كم من الدواء 3؟" in page_text(tmp_path / "items-doses.html")


def test_the_same_run_gives_the_same_bytes(run, tmp_path, contents):
    for name in ("one", "other"):
        write_run(run(), tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_what_lm_eval_gets_is_each_question_as_it_was_asked_and_what_came(run, tmp_path):
    write_run(run(en="R-W"), tmp_path)
    tasks = tmp_path / "lm-eval" / "tasks"
    assert sorted(path.name for path in tasks.glob("*.yaml")) == [
        f"qantara_doses_{arm}_{way}.yaml" for arm in ("ar", "en") for way in ("letter", "text")
    ]
    assert "task: qantara_doses_en_letter\n" in (tasks / "qantara_doses_en_letter.yaml").read_text(encoding="utf-8")
    rows = [
        json.loads(line) for line in (tasks / "qantara_doses_en_letter.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [row["answer_index"] for row in rows] == [0, 2]  # the open question is in neither
    assert rows[0]["prompt"].endswith("D. 3 mg\nAnswer:")
    assert rows[0]["answers"] == [" A", " B", " C", " D"]
    (samples,) = (tmp_path / "lm-eval" / "samples" / "m").glob(
        "samples_qantara_doses_en_letter_2026-01-02T03-04-05*.jsonl"
    )
    rows = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
    assert [row["acc"] for row in rows] == [1.0, 0.0]
    assert rows[0]["filtered_resps"][0] == ["-1.0", "True"]
    (results,) = (tmp_path / "lm-eval" / "samples" / "m").glob("results_*.json")
    told = json.loads(results.read_text(encoding="utf-8"))
    assert told["config"]["identity"] == {"model": "m", "weights": "w"}


def test_a_run_of_replies_alone_has_nothing_for_lm_eval(run, tmp_path):
    config = EvaluationConfig(arms=("en", "ar"), scoring=("generate",))
    done = run(config=config)
    write_run(replace(done, results=[replace(result, found=()) for result in done.results]), tmp_path)
    assert not (tmp_path / "lm-eval").exists()


def test_people_are_told_what_is_missing(run, tmp_path, page_text):
    done = run(en="RR-W")
    rejections = (Rejection(record_id="", native_id="9", stage="benchmark", reason="no_partner"),)
    tasks = [replace(done.tasks[0], rejections=rejections, notes=("doses: 2 rows can't be paired",))]
    scores = write_run(replace(done, tasks=tasks), tmp_path)
    page = page_text(tmp_path / "index.html")
    for text in ("2 rows can't be paired", "1 rows were not scored", "doses, en: 1 items got no answer"):
        assert text in page
    assert (scores["tasks"][0]["num_rejected"], scores["tasks"][0]["num_unpaired"]) == (1, 1)
    assert scores["arms"][0]["num_unanswered"] == 1


def test_another_run_is_compared_on_the_same_items(run, tmp_path, page_text):
    other = run(en="WWWW")
    renamed = [replace(r, predictions=tuple(replace(p, model="older") for p in r.predictions)) for r in other.results]
    write_run(replace(other, results=renamed, model="older"), tmp_path / "older")
    write_run(run(compared=tmp_path / "older"), tmp_path / "new")
    assert "older" in page_text(tmp_path / "new" / "index.html")
    assert "older" in page_text(tmp_path / "new" / "items-doses.html")
