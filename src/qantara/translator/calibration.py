"""The file of a calibration: written by `qantara calibrate`, read by whoever routes translations by score.

Whether a calibration fits the policy at hand is for the reader of the record to say; how it is found is review's.
"""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from qantara.errors import DataError
from qantara.records import Calibration
from qantara.store import write_text

CALIBRATION = "calibration.json"  # in the folder of the run that it was made of
_ADAPTER = TypeAdapter(Calibration)
_ADVICE = "make it anew with `qantara calibrate RUN`"


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write a calibration as JSON."""
    write_text(path, _ADAPTER.dump_json(calibration, indent=2).decode("utf-8") + "\n")


def read_calibration(path: Path) -> Calibration:
    """Read a calibration, checked; raises DataError of one line for a file that is absent or holds something else."""
    try:
        calibration = _ADAPTER.validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise DataError(f"{path}: the file is not there; {_ADVICE}") from error
    except IsADirectoryError as error:
        raise DataError(f"{path}: this is a folder, not a calibration; {_ADVICE}") from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise DataError(
            f"{path}: not a calibration ({place + ': ' if place else ''}{fault['msg']}); {_ADVICE}"
        ) from error
    if not calibration.policy:
        raise DataError(f"{path}: the calibration names no policy; {_ADVICE}")
    if calibration.threshold is not None and not 0 <= calibration.threshold <= 100:
        raise DataError(f"{path}: threshold {calibration.threshold} is no score from 0 to 100; {_ADVICE}")
    return calibration
