import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from qantara.cli.main import app
from qantara.errors import DataError, StoreError
from qantara.ledger import open_ledger
from qantara.records import Answer, Attempt, Decision, Finding, Origin, Translation, child, with_id
from qantara.review.decisions import add_decisions
from qantara.store import write_json, write_records
from qantara.translator.calibration import read_calibration

DOUBT = Finding(rule="length.ratio", severity="warn", field="answer", message="too long")


def translation(number, *, doubted=False, audit=False):
    origin = Origin(source="test", native_id=str(number))
    source = with_id(Answer(id="", language="en", origin=origin, question=f"Dose {number}?", answer="Once daily."))
    target = child(source, {"question": f"الجرعة {number}؟", "answer": "مرة واحدة يوميًا."}, "ar")
    score = 80 if doubted else 100
    attempt = Attempt(round=0, target=target, findings=(DOUBT,) * doubted, score=score, judge_score=score - 5)
    route = "people" if doubted else "accept"
    return Translation(
        source=source, target=target, route=route, reason="r", score=score, attempts=(attempt,), audit=audit
    )


@pytest.fixture
def run(tmp_path):
    """Return a finished run: 20 doubted records, half of them wrong, 200 accepted and drawn, 100 accepted and not seen."""
    folder = tmp_path / "run"
    doubted = [translation(i, doubted=True) for i in range(20)]
    drawn = [translation(i, audit=True) for i in range(100, 300)]
    unseen = [translation(i) for i in range(300, 400)]
    write_records(folder / "translate" / "kept.parquet", [*doubted, *drawn, *unseen], Translation)
    write_json(folder / "translate" / "summary.json", {"details": {"policy": "policy-1"}})
    write_json(folder / "recipe.json", {"ledger": None, "target_language": "ar"})
    right = [Decision(record_id=t.source.id, action="accept", reviewer="dr") for t in [*doubted, *drawn]]
    wrong = [replace(d, action="reject", reason="dose", error="major") for d in right[:10]]
    add_decisions(open_ledger(folder / "ledger.sqlite"), [*wrong, *right[10:]])
    return folder


def calibrate(run, *options):
    return CliRunner().invoke(app, ["calibrate", str(run), *options])


def test_a_reviewed_run_gets_its_threshold_in_a_file_and_in_words(run):
    result = calibrate(run)
    assert result.exit_code == 0, result.exception
    assert "threshold 100: with 95% confidence at most 2.0% major errors" in result.stdout
    assert result.stdout.endswith(f"{run / 'calibration.json'}\n")
    found = read_calibration(run / "calibration.json")
    assert (found.policy, found.threshold, found.num_accepted, found.num_audited) == ("policy-1", 100, 300, 200)
    assert (found.num_doubted, found.num_doubted_wrong) == (20, 10)


def test_a_sterner_aim_gives_no_threshold_and_says_so(run, tmp_path):
    result = calibrate(run, "--error-rate", "0.001", "--out", str(tmp_path / "c.json"))
    assert "no threshold: no score is shown to keep accepted records to at most 0.1% major errors" in result.stdout
    assert read_calibration(tmp_path / "c.json").threshold is None
    assert not (run / "calibration.json").exists()


def test_json_holds_all_of_it(run):
    told = json.loads(calibrate(run, "--json").stdout)
    assert told["calibration"]["threshold"] == 100
    assert [(row["number"], row["decided"], row["wrong"]) for row in told["agreements"]] == [
        ("score", 220, 10),
        ("judge", 220, 10),
    ]
    assert [row["threshold"] for row in told["candidates"]] == [100, 80]
    assert told["notes"] == []


def test_a_run_that_does_not_say_its_policy_is_refused_with_advice(run):
    write_json(run / "translate" / "summary.json", {"details": {}})
    result = calibrate(run)
    assert isinstance(result.exception, DataError)
    assert "--from translate" in str(result.exception)
    assert not (run / "calibration.json").exists()


def test_a_folder_that_is_no_run_is_one_line(tmp_path):
    assert isinstance(calibrate(tmp_path).exception, StoreError)


def test_impossible_aims_are_wrong_usage(run):
    assert calibrate(run, "--error-rate", "0").exit_code == 2
    assert calibrate(run, "--confidence", "1").exit_code == 2
