"""Options -> a folder of results: tasks are read, every arm is run, every file written. The same command goes on after a kill."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from qantara.audit.passes import read_pairs
from qantara.errors import DataError, RecipeError, StoreError
from qantara.evaluate.arm_run import ArmResult, run_arm
from qantara.evaluate.prompting.arms import Arm
from qantara.evaluate.stage import limited
from qantara.evaluation.files import PREDICTIONS, Run, write_run
from qantara.evaluation.opening import Opened, local_tokenizer, open_evaluation
from qantara.evaluation.options import COMMAND, Options
from qantara.evaluation.showing import prompt_lines
from qantara.evaluation.viewing import Findings
from qantara.ledger import open_ledger
from qantara.sources.benchmarks.benchmark import LoadedTask
from qantara.sources.benchmarks.clean_list import CleanList, clean_list
from qantara.sources.benchmarks.loading import load_task
from qantara.sources.benchmarks.pair_columns import pair_columns
from qantara.store import read_json, write_json

CLEAN_IDS, FINDINGS, STARTED = "clean_ids.txt", "findings.jsonl", "run.json"


class _Beside(NamedTuple):
    clean: CleanList | None
    findings: Findings


def evaluate_model(options: Options, console: Console) -> dict[str, Any]:
    """Run an evaluation into `options.out` and return what its `scores.json` holds."""
    whole = load_tasks(options, console)
    beside = _beside(options, whole)
    tasks = [replace(task, items=tuple(limited(task.items, options.config.limit))) for task in whole]
    started = _started(options.out)
    engine = open_ledger(options.ledger or options.out / "ledger.sqlite")
    try:
        opened, results = _answered(options, tasks, engine, console)
    finally:
        engine.dispose()
    run = Run(
        config=options.config,
        model=opened.room.model,
        identity=opened.identity,
        tasks=tasks,
        results=results,
        tokenizer=opened.room.tokenizer,
        findings=beside.findings,
        started=started,
        clean=beside.clean,
        compared=options.compare,
    )
    return write_run(run, options.out)


def _answered(
    options: Options, tasks: Sequence[LoadedTask], engine: sa.Engine, console: Console
) -> tuple[Opened, list[ArmResult]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("opening the model", total=None)
        opened = open_evaluation(options, engine, lambda count: progress.advance(bar, count))
        results: list[ArmResult] = []
        try:
            for task in tasks:
                for arm in _arms_of(task, options, console):
                    progress.reset(bar, description=f"{task.name}, {arm.name}", total=None)
                    results.append(run_arm(task.name, arm, task.items, task.shots, options.config, opened.room))
        finally:
            opened.close()
    return opened, results


def show_prompts(options: Options, console: Console) -> list[str]:
    """Return the prompts of each task's first item in every arm, as lines to print; loads a tokenizer, no model."""
    tokenizer = None if options.model.endpoint else local_tokenizer(options)
    return [
        line
        for task in load_tasks(options, console)
        for arm in _arms_of(task, options, console)
        for line in prompt_lines(task, arm, options.config, tokenizer)
    ]


def load_tasks(options: Options, console: Console) -> list[LoadedTask]:
    """Return the tasks, each read once; tells of rows that can't be scored."""
    columns = pair_columns(options.columns, options.config.direction) if options.columns else None
    tasks = []
    for name in dict.fromkeys(options.tasks):
        task = load_task(name, direction=options.config.direction, data=options.data, columns=columns)
        for note in task.notes:
            console.print(note, highlight=False, soft_wrap=True)
        if task.rejections:
            console.print(f"{task.name}: {len(task.rejections)} rows can't be scored", highlight=False)
        tasks.append(task)
    if len({task.name for task in tasks}) < len(tasks):
        raise DataError(f"{COMMAND}: two tasks have the same name; rename one of the files")
    return tasks


def _arms_of(task: LoadedTask, options: Options, console: Console) -> list[Arm]:
    """Return the arms that a task has items for; tells of the others."""
    source, target = options.config.direction
    found = []
    for arm in options.config.chosen():
        start = source if arm.items in ("source", "round-trip") else target
        if start in task.languages:
            found.append(arm)
        else:
            console.print(f"{task.name} has no items in {start!r}: without the arm {arm.name}", highlight=False)
    return found


def _started(out: Path) -> datetime:
    """Return when the run in a folder first began, and note it there if it begins now."""
    path = out / STARTED
    if not path.is_file():
        write_json(path, {"command": COMMAND, "started": datetime.now(UTC).isoformat(timespec="seconds")})
    noted = read_json(path)
    if noted.get("command") != COMMAND:
        raise StoreError(f"{out}: it holds a run of another command; give another folder with --out")
    return datetime.fromisoformat(noted["started"])


def _beside(options: Options, tasks: Sequence[LoadedTask]) -> _Beside:
    """Return what is read besides tasks and model, all of it before anything is scored: hours later is too late for an error."""
    for arm in options.config.chosen():
        if (arm.is_translated or arm.back) and not options.translator:
            raise RecipeError(COMMAND, [f"the arm {arm.name} translates: give a translator"])
    if options.compare is not None and not (options.compare / PREDICTIONS).is_file():
        raise DataError(f"{options.compare}: there is no {PREDICTIONS} in it; give the folder of a run of {COMMAND}")
    place = options.clean
    path = place / CLEAN_IDS if place is not None and place.is_dir() else place
    return _Beside(clean_list(path, tasks) if path is not None else None, _findings(place))


def _findings(place: Path | None) -> Findings:
    """Return what an audit found, by the pair's id; nothing without an audit's folder."""
    if place is None or not (place / FINDINGS).is_file():
        return {}
    return {pair.id: pair.findings for pair in read_pairs(place / FINDINGS) if pair.findings}
