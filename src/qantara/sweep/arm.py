"""One arm in a process of its own: `python -m qantara.sweep.arm FOLDER` trains, validates and evaluates what FOLDER/arm.json says.

Reads the samples that all arms share, and the arm's own order; leaves the stages `train` and `evaluate` and last result.json.
What is done isn't repeated, training goes on from its checkpoint, and the process ends when the one that started it does.
"""

import logging
import math
import os
import sys
import threading
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from rich.console import Console

from qantara.errors import QantaraError
from qantara.evaluate.stage import EvaluateConfig, evaluate
from qantara.provenance import file_hash
from qantara.records import Choice, LossPoint, Prediction, Sample
from qantara.runner import Job, RunFolder, run_job, tell_outcome
from qantara.store import read_json, read_records, write_json
from qantara.train.stage import TrainConfig, train
from qantara.training_order import FILE as ORDER
from qantara.training_order import read_order

SETTINGS = "arm.json"
RESULT = "result.json"
LOG = "log.txt"
Json = dict[str, Any]


class ArmSettings(BaseModel):
    """All that an arm's process needs. `train` is None for the base model, `evaluate` and `benchmark` where nothing is evaluated.

    `key` is the hash of what the result follows from; `tokens` are those of the order by language; paths are absolute.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    key: str
    seed: int
    share: float | None = None
    learning_rate: float | None = None
    tokens: dict[str, int] = {}
    model_folder: Path
    samples: Path
    train: TrainConfig | None = None
    evaluate: EvaluateConfig | None = None
    benchmark: Path | None = None
    direction: tuple[str, str]


def read_settings(folder: Path) -> ArmSettings | None:
    """Return the settings of an arm that was prepared, or None."""
    file = folder / SETTINGS
    return ArmSettings.model_validate(read_json(file)) if file.exists() else None


def finished(folder: Path) -> Json | None:
    """Return the result of an arm that is done with the settings that it has now, or None."""
    settings, file = read_settings(folder), folder / RESULT
    result: Json = read_json(file) if file.exists() else {}
    return result if settings is not None and result.get("key") == settings.key else None


def run_arm(folder: Path, console: Console) -> None:
    """Do what is left of an arm; StoreError when another process is at it."""
    settings = read_settings(folder)
    if settings is None:
        raise ValueError(f"{folder} was not prepared")
    run = RunFolder(folder, settings.name)
    began = time.monotonic()
    with run.locked():
        for job_of in (_train_job, _evaluate_job):  # the second asks what the first left
            job = job_of(run, settings)
            if job is not None and run_job(run, job, console):
                tell_outcome(run, job.stage, console)
        points = run.kept("train", LossPoint) if settings.train is not None else ()
        predictions = run.kept("evaluate", Prediction) if settings.evaluate is not None else ()
        result = {
            "key": settings.key,
            "validation_loss": validation_losses(points),
            "accuracy": accuracies(predictions, "base" if settings.train is None else "tuned"),
            "seconds": round(time.monotonic() - began, 2),
        }
        write_json(folder / RESULT, result)


def validation_losses(points: Iterable[LossPoint]) -> dict[str, dict[str, float | None]]:
    """Return the first and the last validation loss by language; one that isn't a finite number is None."""
    losses: dict[str, list[tuple[int, float]]] = {}
    for point in points:
        if point.fold == "validation" and point.source == "all" and point.language != "all":
            losses.setdefault(point.language, []).append((point.step, point.loss))
    ends = {code: (min(found)[1], max(found)[1]) for code, found in losses.items()}
    return {code: {"first": _finite(first), "last": _finite(last)} for code, (first, last) in ends.items()}


def accuracies(predictions: Iterable[Prediction], model: str) -> dict[str, dict[str, dict[str, int]]]:
    """Return how many items one model got right, of how many, by way of scoring (`letter/sum`) and language."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for prediction in predictions:
        if prediction.model == model:
            way = found.setdefault(f"{prediction.scoring}/{prediction.normalization}", {})
            counts = way.setdefault(prediction.language, {"right": 0, "items": 0})
            counts["items"] += 1
            counts["right"] += prediction.chosen_index == prediction.answer_index
    return found


def _train_job(run: RunFolder, settings: ArmSettings) -> Job | None:
    if (config := settings.train) is None:
        return None

    def work() -> Generator[LossPoint, None, Json]:
        samples, order = read_records(settings.samples, Sample), read_order(run.path / ORDER)
        return (yield from train(samples, order, settings.model_folder, config, run.folder("train"), settings.seed))

    return Job(
        stage="train",
        settings=config,
        inputs=(settings.key, file_hash(run.path / ORDER)),
        record_type=LossPoint,
        num_in=None,
        work=work,
        show=lambda point: f"step {point.step} {point.fold} {point.language} loss {point.loss:.3f}",
    )


def _evaluate_job(run: RunFolder, settings: ArmSettings) -> Job | None:
    config, benchmark = settings.evaluate, settings.benchmark
    if config is None or benchmark is None:
        return None
    trained = settings.train is not None
    adapter = run.folder("train") / "adapter" if trained else None
    names = ("tuned",) if trained else ("base",)  # an arm of its own evaluates the base model, once

    def work() -> Generator[Prediction, None, Json]:
        items = list(read_records(benchmark, Choice))
        return (yield from evaluate(items, settings.model_folder, adapter, config, settings.direction, names))

    inputs = (settings.key, run.output("train")) if trained else (settings.key,)
    return Job(stage="evaluate", settings=config, inputs=inputs, record_type=Prediction, num_in=None, work=work)


def _finite(loss: float) -> float | None:
    return loss if math.isfinite(loss) else None


def _end_with_parent() -> None:
    """End this process when what started it is gone: its end of the pipe is then closed, however it ended."""
    while os.read(0, 1024):  # not sys.stdin: its lock, held by a thread, would abort the interpreter when it ends
        continue
    os._exit(1)


def main(folder: str) -> int:
    """Run the arm in `folder`; return the exit status."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("qantara").setLevel(logging.INFO)
    try:
        run_arm(Path(folder), Console(file=sys.stderr))
    except QantaraError as error:
        sys.stderr.write(f"qantara: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
