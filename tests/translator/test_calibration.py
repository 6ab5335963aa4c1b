import json
from dataclasses import asdict

import pytest

from qantara.errors import DataError
from qantara.records import Calibration
from qantara.translator.calibration import read_calibration, write_calibration

FOUND = Calibration(
    policy="0123456789abcdef",
    date="2026-11-26",
    threshold=94,
    error_rate=0.02,
    confidence=0.95,
    upper_error_rate=0.017,
    review_share=0.12,
    auc=0.9,
    auc_low=0.85,
    auc_high=0.94,
    accepted_error_rate=0.01,
    accepted_error_low=0.005,
    accepted_error_high=0.02,
    num_accepted=18000,
    num_audited=900,
    num_audited_wrong=9,
    num_doubted=2000,
    num_doubted_decided=2000,
    num_doubted_wrong=700,
)


def changed(path, **changes):
    path.write_text(json.dumps(asdict(FOUND) | changes), encoding="utf-8")
    return path


def test_a_calibration_comes_back_as_it_went(tmp_path):
    path = tmp_path / "calibration.json"
    write_calibration(path, FOUND)
    assert read_calibration(path) == FOUND
    assert path.read_text(encoding="utf-8").startswith('{\n  "policy"')


def test_one_without_a_threshold_can_be_read(tmp_path):
    nothing = {"threshold": None, "auc": None, "accepted_error_rate": None}
    assert read_calibration(changed(tmp_path / "c.json", **nothing)).threshold is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"threshold": "high"}, "threshold: Input should be a valid integer"),
        ({"threshold": 101}, "threshold 101 is no score from 0 to 100"),
        ({"policy": ""}, "names no policy"),
        ({"confidence": None}, "confidence: "),
    ],
)
def test_a_wrong_value_is_one_line(tmp_path, changes, fault):
    with pytest.raises(DataError, match=fault) as caught:
        read_calibration(changed(tmp_path / "c.json", **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "\ud800"])
def test_a_file_that_is_something_else_is_one_line(tmp_path, content):
    path = tmp_path / "c.json"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(DataError, match="qantara calibrate RUN") as caught:
        read_calibration(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_and_a_folder_are_one_line(tmp_path):
    with pytest.raises(DataError, match="not there"):
        read_calibration(tmp_path / "none.json")
    with pytest.raises(DataError, match="this is a folder"):
        read_calibration(tmp_path)
