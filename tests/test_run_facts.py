"""What a run tells of itself where parts of it are missing; whole runs are in test_pipeline."""

from pathlib import Path

import pytest

from qantara.run_facts import calibration_file, price_file, provenance
from qantara.run_recipe import Recipe
from qantara.runner import RunFolder

BACKEND = {"backend": "recorded", "model": "m", "file": "calls.jsonl"}
MODEL = {"mix": {"ratio": {"en": 1}}, "train": {"model": "path:here"}}


def recipe(**parts):
    return Recipe.model_validate({"name": "r", "sources": [{"reader": "sample"}]} | parts)


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run", "r")


def test_the_calibration_that_decides_goes_before_the_one_that_was_made(folder):
    named = recipe(translate={"model": BACKEND, "calibration": "c.json"})
    plain = recipe(translate={"model": BACKEND})
    assert calibration_file(plain, folder, Path("home")) is None
    (folder.path / "calibration.json").write_text("{}", encoding="utf-8")
    assert calibration_file(plain, folder, Path("home")) == folder.path / "calibration.json"
    assert calibration_file(named, folder, Path("home")) == Path("home/c.json")


def test_a_run_without_a_price_list_has_none(folder):
    assert price_file(folder) is None
    (folder.path / "prices.yaml").write_text("prices: []", encoding="utf-8")
    assert price_file(folder) == folder.path / "prices.yaml"


def test_a_run_that_translates_nothing_names_the_model_that_it_trained(tiny_model):
    told = provenance(recipe(**MODEL), tiny_model)
    assert list(told["models"]) == ["path:here"]
    assert len(told["models"]["path:here"]["sha256"]) == 64
