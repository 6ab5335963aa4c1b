import json
from datetime import UTC, datetime

import pytest
from datasets import Dataset
from lm_eval.utils import get_results_filenames, get_sample_results_filenames, make_table

from qantara.harness.lm_eval_samples import Sample, write_samples

from .conftest import DOCUMENTS

WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def read(folder, pattern):
    (path,) = folder.glob(pattern)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def written(stock_run, tmp_path):
    theirs = read(stock_run, "samples_*.jsonl")
    pairs = [[(float(value), greedy == "True") for ((value, greedy),) in sample["resps"]] for sample in theirs]
    samples = [Sample(document, tuple(found)) for document, found in zip(DOCUMENTS, pairs, strict=True)]
    return write_samples(tmp_path, "path:tiny", {"qantara_tiny": samples}, WHEN, {"dtype": "float32"})


def test_samples_are_those_that_lm_eval_writes_of_the_same_answers(written, stock_run):
    assert read(written, "samples_*.jsonl") == read(stock_run, "samples_*.jsonl")
    mine, its = (json.dumps(read(folder, "samples_*.jsonl")) for folder in (written, stock_run))
    assert mine == its  # the order of the fields, too


def test_results_are_those_that_lm_eval_writes_of_the_same_answers(written, stock_run):
    mine, its = (json.loads(next(folder.glob("results_*.json")).read_text()) for folder in (written, stock_run))
    for name in ("versions", "n-shot", "higher_is_better", "n-samples", "task_hashes", "group_subtasks"):
        assert mine[name] == its[name], name
    for name, value in its["results"]["qantara_tiny"].items():
        assert mine["results"]["qantara_tiny"][name] == pytest.approx(value), name
    config = its["configs"]["qantara_tiny"]
    assert {name: config[name] for name in mine["configs"]["qantara_tiny"]} == mine["configs"]["qantara_tiny"]
    assert {*mine} <= {*its}


def test_lm_evals_own_reader_finds_and_prints_them(written):
    assert written.name == "path__tiny"
    names = [str(path) for path in written.iterdir()]
    assert len(get_results_filenames(names)) == len(get_sample_results_filenames(names)) == 1
    results = json.loads(next(written.glob("results_*.json")).read_text(encoding="utf-8"))
    assert "|qantara_tiny|" in make_table(results)


def test_a_table_can_be_made_of_the_samples(written):
    assert Dataset.from_list(read(written, "samples_*.jsonl")).num_rows == len(DOCUMENTS)


def test_the_same_run_gives_the_same_bytes(tmp_path):
    samples = {"qantara_tiny": [Sample(DOCUMENTS[0], ((-1.0, True), (-2.0, False), (-3.0, False)))]}
    first, second = (write_samples(tmp_path / name, "m", samples, WHEN, {}) for name in "ab")
    assert {path.name: path.read_bytes() for path in first.iterdir()} == {
        path.name: path.read_bytes() for path in second.iterdir()
    }
