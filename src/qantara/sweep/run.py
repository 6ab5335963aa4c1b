"""A sweep from end to end, what `qantara sweep` calls: the run up to the data that is mixed, then each arm, then results and page.

Everything lies in RUN/sweep: `samples.parquet`, `arms/NAME/`, and last `results.json` and `index.html`. A second time
does what is left: arms that are done with the same settings are not repeated.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from qantara.pipeline import Pipeline
from qantara.recipe import load
from qantara.run_facts import provenance
from qantara.runner import RunFolder
from qantara.store import write_json, write_text
from qantara.sweep.arm import LOG, finished
from qantara.sweep.config import SweepRecipe
from qantara.sweep.findings import findings
from qantara.sweep.page import render_page
from qantara.sweep.preparation import Inputs, gather_inputs, prepare
from qantara.sweep.ray_scheduling import run_ray
from qantara.sweep.results import read_facts
from qantara.sweep.scheduling import last_line, local_slots, run_local, visible_devices
from qantara.sweep.sentences import sentences

RESULTS = "results.json"
PAGE = "index.html"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a sweep left: its folder, the findings in sentences, and the folders of arms that failed."""

    folder: Path
    sentences: Sequence[str]
    failed: Sequence[Path]


class Sweep:
    """One sweep in one run folder; `run` does what is left to do."""

    def __init__(self, recipe_path: Path, recipe: SweepRecipe, folder: RunFolder, console: Console) -> None:
        self.recipe = recipe
        self.run_folder = folder
        self.console = console
        self.pipeline = Pipeline(recipe_path, recipe, folder, console)

    def run(self) -> Outcome:
        """Run every arm that isn't done; an arm that fails doesn't keep the others from running."""
        self.pipeline.run(until="review" if self.recipe.translate is not None else "curate")
        inputs = gather_inputs(self.pipeline, self.recipe)
        folders = prepare(self.pipeline, inputs)
        left = [folder for folder in folders if finished(folder) is None]
        self._say(f"{len(folders)} arms, {len(folders) - len(left)} of them done already")
        if left:
            self._run_arms(left)
        return self._conclude(inputs, folders)

    def _run_arms(self, folders: Sequence[Path]) -> None:
        config, cores = self.recipe.sweep, len(os.sched_getaffinity(0))
        if config.scheduler == "ray":
            run_ray(folders, config.parallel, cores)
            return
        slots = local_slots(config.parallel, visible_devices(), cores)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as bar:
            task = bar.add_task("arms", total=len(folders))

            def told(folder: Path, status: int | None) -> None:
                if status is None:
                    self._say(f"{folder.name}: started, log {folder / LOG}")
                else:
                    bar.advance(task)
                    self._say(f"{folder.name}: {'done' if status == 0 else 'failed'}")

            run_local(folders, slots, told)

    def _conclude(self, inputs: Inputs, folders: Sequence[Path]) -> Outcome:
        failed = [folder for folder in folders if finished(folder) is None]
        for folder in failed:
            self._say(f"{folder.name} failed: {last_line(folder)} (log {folder / LOG})")
        made_with = provenance(self.recipe, inputs.model_folder)
        results = findings(read_facts(self.recipe, folders))
        results |= {"sentences": sentences(results), "provenance": made_with}
        write_json(inputs.folder / RESULTS, results)
        write_text(inputs.folder / PAGE, render_page(results))
        return Outcome(folder=inputs.folder, sentences=results["sentences"], failed=failed)

    def _say(self, text: str) -> None:
        self.console.print(text, highlight=False, soft_wrap=True, markup=False)


def open_sweep(recipe_path: Path, overrides: Sequence[str], run_folder: Path | None, console: Console) -> Sweep:
    """Read a recipe with `sweep` and open its run folder (`runs/NAME` unless one is given)."""
    recipe = load(recipe_path, SweepRecipe, overrides)
    folder = RunFolder(run_folder or Path("runs") / recipe.name, recipe.name)
    return Sweep(recipe_path, recipe, folder, console)
