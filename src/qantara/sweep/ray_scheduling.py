"""Arms as trials of Ray Tune, on this machine or all machines of a cluster that sees the same folder. Needs the extra `scale`.

A trial does what the local scheduler does: it starts the arm's process and waits for it. Ray only decides where and when.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from qantara.errors import RecipeError
from qantara.sweep.scheduling import end_process, start_arm

_STATE = "ray"


def run_ray(folders: Sequence[Path], parallel: int, cores: int) -> None:
    """Run arms as trials, `parallel` at once; what failed is told by the result that it didn't leave.

    Joins the cluster that RAY_ADDRESS names; without one Ray runs here. RecipeError when Ray isn't installed.
    """
    ray, tune = _load()
    if started := not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        has_accelerators = ray.cluster_resources().get("GPU", 0) > 0
        share = {"gpu": 1} if has_accelerators else {"cpu": max(1, cores // parallel)}
        tuner = tune.Tuner(
            tune.with_resources(trial, share),
            param_space={"folder": tune.grid_search([str(folder) for folder in folders])},
            tune_config=tune.TuneConfig(max_concurrent_trials=parallel),
            run_config=tune.RunConfig(name=_STATE, storage_path=str(folders[0].parent.parent / _STATE), verbose=0),
        )
        tuner.fit()
    finally:
        if started:
            ray.shutdown()


def trial(parameters: dict[str, Any]) -> dict[str, int]:
    """Run one arm to its end and report its exit status. Ray has put the trial's accelerator and threads into the environment."""
    process = start_arm(Path(parameters["folder"]), {})
    try:
        return {"status": process.wait()}
    finally:
        end_process(process)


def _load() -> tuple[ModuleType, ModuleType]:
    try:
        return importlib.import_module("ray"), importlib.import_module("ray.tune")
    except ImportError as error:
        fault = "sweep.scheduler is ray, which is not installed: pip install 'qantara[scale]', or take local"
        raise RecipeError("sweep", [fault]) from error
