import io
import math

import pytest
from rich.console import Console

from qantara.errors import StoreError
from qantara.records import LossPoint, Prediction
from qantara.runner import RunFolder
from qantara.store import read_json, write_json
from qantara.sweep.arm import RESULT, SETTINGS, accuracies, finished, read_settings, run_arm, validation_losses

CONSOLE = Console(file=io.StringIO())


def point(step, loss, language="ar", fold="validation", source="all"):
    return LossPoint(step=step, fold=fold, language=language, source=source, loss=loss, num_tokens=10)


def prediction(model, language, chosen, scoring="letter", normalization="sum"):
    return Prediction(
        model=model,
        item_id="i",
        family="f",
        subject="",
        language=language,
        scoring=scoring,
        normalization=normalization,
        chosen_index=chosen,
        answer_index=1,
        log_probabilities=(-1.0, -2.0),
    )


def test_losses_are_the_first_and_last_of_validation_over_all_sources():
    points = [point(0, 3.0), point(0, 9.0, source="book"), point(5, 2.0), point(3, 2.5), point(7, 1.0, fold="train")]
    points += [point(0, 4.0, "all"), point(0, 1.5, "en"), point(5, 1.4, "en")]
    assert validation_losses(points) == {"ar": {"first": 3.0, "last": 2.0}, "en": {"first": 1.5, "last": 1.4}}


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_not_a_number_is_none(loss):
    assert validation_losses([point(0, 3.0), point(5, loss)]) == {"ar": {"first": 3.0, "last": None}}


def test_accuracies_count_one_models_answers_by_way_and_language():
    found = [prediction("tuned", "ar", 1), prediction("tuned", "ar", 0), prediction("tuned", "en", 1)]
    found += [prediction("base", "ar", 1), prediction("tuned", "ar", 1, "text", "token")]
    assert accuracies(found, "tuned") == {
        "letter/sum": {"ar": {"right": 1, "items": 2}, "en": {"right": 1, "items": 1}},
        "text/token": {"ar": {"right": 1, "items": 1}},
    }


def test_an_arm_with_nothing_to_train_or_evaluate_has_its_result_at_once(idle_arm):
    folder = idle_arm("base")
    assert finished(folder) is None
    run_arm(folder, CONSOLE)
    assert finished(folder)["accuracy"] == {}


def test_a_result_of_other_settings_does_not_count(idle_arm):
    folder = idle_arm("base")
    run_arm(folder, CONSOLE)
    write_json(folder / SETTINGS, read_json(folder / SETTINGS) | {"key": "another"})
    assert (folder / RESULT).exists()
    assert finished(folder) is None


def test_two_processes_are_never_at_one_arm(idle_arm):
    folder = idle_arm("base")
    with RunFolder(folder, "base").locked(), pytest.raises(StoreError, match="another run is at work"):
        run_arm(folder, CONSOLE)


def test_an_arm_that_was_not_prepared_has_no_settings(tmp_path):
    assert read_settings(tmp_path) is None
    assert finished(tmp_path) is None
