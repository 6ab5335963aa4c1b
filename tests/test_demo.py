"""The demo up to review: its recording is current and whole, its faults are found, its sample is what the documents say."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from qantara.languages import fold
from qantara.ledger import open_ledger
from qantara.llm.calls import CallLedger
from qantara.pipeline import open_pipeline
from qantara.records import Choice, Example, Translation

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "recipes" / "demo"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "run"
    pipeline = open_pipeline(ROOT / "recipes" / "demo.yaml", [], folder, Console(quiet=True))
    for stage in ("sources", "benchmark", "curate", "translate", "review"):
        pipeline.run(only=stage)
    return pipeline.run_folder


@pytest.fixture(scope="module")
def answers():
    lines = (DEMO / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    return {answer["key"]: answer for answer in map(json.loads, lines)}


def test_the_sample_has_what_was_promised(demo):
    items = list(demo.kept("sources", Example))
    kinds = Counter(item.kind for item in items)
    assert kinds["choice"] >= 60
    assert kinds["answer"] >= 30
    assert kinds["dialogue"] >= 30
    assert len({item.origin.subject for item in items}) >= 12
    assert {item.origin.licence for item in items} == {"Apache-2.0"}
    keys = Counter(item.answer_index for item in items if isinstance(item, Choice))
    assert max(keys.values()) <= 0.35 * sum(keys.values())


def test_the_benchmark_is_paired_and_shares_no_family_or_question_with_training(demo):
    benchmark = list(demo.kept("benchmark", Choice))
    pairs = Counter(item.origin.family for item in benchmark)
    assert len(pairs) >= 60
    assert set(pairs.values()) == {2}
    training = list(demo.kept("sources", Example))
    assert not {item.origin.family for item in training} & set(pairs)
    asked = {fold(item.question) for item in training if isinstance(item, Choice)}
    assert not asked & {fold(item.question) for item in benchmark}


def test_every_recorded_call_is_used_and_none_is_missing(demo):
    with gzip.open(DEMO / "calls.jsonl.gz", "rt", encoding="utf-8") as file:
        recorded = {json.loads(line)["key"] for line in file}
    ledger = CallLedger(open_ledger(demo.path / "ledger.sqlite"))
    assert len(ledger.find(recorded)) == len(recorded) == sum(total.calls for total in ledger.totals())


def test_the_faults_that_matter_are_there_and_all_are_stopped(demo, answers):
    faulty = {
        key: [fault["kind"] for fault in answer["faults"]] for key, answer in answers.items() if "faults" in answer
    }
    kinds = {kind for found in faulty.values() for kind in found}
    assert len(faulty) >= 15
    assert kinds >= {
        "dose_x10",
        "unit_swap",
        "negation_lost",
        "except_lost",
        "options_collapsed",
        "drug_swapped",
        "laterality",
        "sentence_dropped",
    }
    found = {t.source.origin.native_id: t for t in demo.kept("translate", Translation)}
    rejected = {rejection.native_id for rejection in demo.rejected("translate")}
    routes = {key: "reject" if key in rejected else found[key].route for key in faulty}
    mended = [key for key, way in routes.items() if way == "accept" and len(found[key].attempts) > 1]
    unnoticed = [key for key, way in routes.items() if way == "accept" and len(found[key].attempts) == 1]
    assert len(mended) >= 15
    assert sum(way == "people" for way in routes.values()) >= 4
    assert unnoticed == []


def test_people_mend_what_the_machine_could_not(demo, answers):
    summary = demo.summary("review")
    decisions = summary["details"]["decisions"]
    assert decisions["edit"] >= 3
    assert decisions["reject"] == 1
    assert summary["reasons"] == {"rejected_by_reviewer": 1, "awaits_review": 1}
    assert summary["details"]["accepted_error_rate"]["wrong"] == 0
    kept = {example.origin.native_id: example for example in demo.kept("review", Example)}
    for key in ("endocrinology-04", "pharmacology-01", "neurology-01"):
        assert kept[key].question == answers[key]["translation"]["question"]
        assert list(kept[key].options) == answers[key]["translation"]["options"]


def test_right_translations_are_seldom_doubted(demo, answers):
    clean = {key for key, answer in answers.items() if "faults" not in answer}
    doubted = [
        t for t in demo.kept("translate", Translation) if t.route == "people" and t.source.origin.native_id in clean
    ]
    assert len(doubted) <= 0.04 * len(clean)
    assert not {rejection.native_id for rejection in demo.rejected("translate")} & clean
