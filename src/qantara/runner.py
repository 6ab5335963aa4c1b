"""Runs one stage into its folder: skips what is done, counts every record, writes the summary last.

A stage is a generator of records and rejections that returns details for its summary; it knows nothing of folders, bars or
resuming. This module knows nothing of what a stage does.
"""

import errno
import fcntl
import shutil
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from qantara.errors import BudgetError, StoreError
from qantara.provenance import file_hash
from qantara.recipe import config_hash
from qantara.records import Rejection, content_id
from qantara.store import KEPT, REJECTED, SUMMARY, RecordWriter, read_json, read_records, whole_file, write_json

Json = dict[str, Any]
IDENTITY = "run.json"
LOG_EVERY_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One stage to run. `num_in` is the number of records that must come out again, None where outputs are no longer the inputs.

    `inputs` are hashes of all that the result depends on besides `settings`; `show` turns a record into a note for the bar.
    """

    stage: str
    settings: Any
    inputs: tuple[str, ...]
    record_type: Any
    num_in: int | None
    work: Callable[[], Generator[Any, None, Json]]
    show: Callable[[Any], str] | None = None

    def key(self) -> str:
        """Return the hash of what this stage's result follows from."""
        return content_id(self.stage, config_hash(self.settings), list(self.inputs))


class RunFolder:
    """A run's folder on disk. Raises StoreError when the folder belongs to another recipe."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        identity = path / IDENTITY
        if identity.exists():
            owner = read_json(identity).get("recipe")
            if owner != name:
                raise StoreError(
                    f"{path} holds a run of recipe {owner!r}, not {name!r}; give another folder with --run"
                )
        elif path.is_file():
            raise StoreError(f"{path} is a file; give a folder with --run")
        elif path.exists() and any(path.iterdir()):
            raise StoreError(f"{path} is not empty and not a run folder; give another folder with --run")
        else:
            write_json(identity, {"recipe": name})

    def folder(self, stage: str) -> Path:
        """Return a stage's folder."""
        return self.path / stage

    def summary(self, stage: str) -> Json | None:
        """Return a finished stage's summary, or None."""
        file = self.folder(stage) / SUMMARY
        return read_json(file) if file.exists() else None

    def output(self, stage: str) -> str:
        """Return the hash of what a finished stage kept; StoreError when it has not run."""
        summary = self.summary(stage)
        if summary is None:
            raise StoreError(f"stage {stage} has not run in {self.path}; run the recipe without --only first")
        return str(summary["output"])

    def kept(self, stage: str, record_type: Any) -> Iterator[Any]:  # noqa: ANN401 - a record type or a union of them
        """Yield what a finished stage kept."""
        self.output(stage)
        return read_records(self.folder(stage) / KEPT, record_type)

    def rejected(self, stage: str) -> Iterator[Rejection]:
        """Yield what a finished stage rejected."""
        return read_records(self.folder(stage) / REJECTED, Rejection)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one run at a time; StoreError when another process is at work in it."""
        with (self.path / "run.lock").open("w", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreError(
                    f"another run is at work in {self.path}; wait for it or give another folder with --run"
                ) from error
            yield


def run_job(folder: RunFolder, job: Job, console: Console, *, again: bool = False) -> bool:
    """Run a stage unless it is done with the same settings and inputs; return whether it ran.

    Raises RuntimeError when a record that went in did not come out exactly once: that is a bug in the stage. A BudgetError rises
    with how many records are done and left.
    """
    done = folder.summary(job.stage)
    if done is not None and done["key"] == job.key() and not again:
        return False
    place = folder.folder(job.stage)
    (place / SUMMARY).unlink(missing_ok=True)
    if again:
        shutil.rmtree(place, ignore_errors=True)
    started = time.monotonic()
    try:
        counts, details = _write_outcomes(place, job, console)
        kept = counts.pop("kept")
        rejected = sum(counts.values())
        if job.num_in is not None and job.num_in != kept + rejected:
            raise RuntimeError(f"stage {job.stage}: {job.num_in} records in, {kept + rejected} out")
        summary: Json = {"stage": job.stage, "key": job.key(), "in": job.num_in, "kept": kept, "rejected": rejected}
        summary |= {"reasons": dict(counts.most_common()), "seconds": round(time.monotonic() - started, 2)}
        write_json(place / SUMMARY, summary | {"output": file_hash(place / KEPT), "details": details})
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreError(f"{place}: no disk space left; make room and run the same command again") from error
        raise
    return True


def tell_outcome(folder: RunFolder, stage: str, console: Console) -> None:
    """Print what a finished stage kept and rejected, and how many of its calls nobody knows the end of."""
    summary = folder.summary(stage) or {}
    reasons = ", ".join(f"{code} {count}" for code, count in summary.get("reasons", {}).items())
    line = f"{stage:10} {summary.get('kept', 0):>6} kept {summary.get('rejected', 0):>5} rejected"
    told = f"{line} {summary.get('seconds', 0):>7.1f} s" + (f"  ({reasons})" if reasons else "")
    console.print(told, highlight=False, soft_wrap=True)
    if lost := summary.get("details", {}).get("calls", {}).get("interrupted"):
        console.print(f"  {lost} calls were sent and not answered; they may have been billed", highlight=False)


def _write_outcomes(place: Path, job: Job, console: Console) -> tuple[Counter[str], Json]:
    counts: Counter[str] = Counter(kept=0)
    with ExitStack() as stack:
        kept = RecordWriter(stack.enter_context(whole_file(place / KEPT)), job.record_type)
        rejected = RecordWriter(stack.enter_context(whole_file(place / REJECTED)), Rejection)
        bar = stack.enter_context(_bar(console))
        task = bar.add_task(job.stage, total=job.num_in, note="")
        log = ProgressLog(console, job.stage, job.num_in)
        outcomes = job.work()
        stack.callback(outcomes.close)
        details: Json = {}
        while True:
            try:
                record = next(outcomes)
            except StopIteration as end:
                details = end.value or {}
                break
            except BudgetError as error:
                raise BudgetError(f"{_progress(counts.total(), job.num_in)}: {error}") from error
            if isinstance(record, Rejection):
                rejected.add(record)
                counts[record.reason] += 1
            else:
                kept.add(record)
                counts["kept"] += 1
            bar.update(task, advance=1, note=job.show(record) if job.show else "")
            log.advance()
        kept.close()
        rejected.close()
    return counts, details


def _progress(num_done: int, num_in: int | None) -> str:
    if num_in is None:
        return f"{num_done:,} records are done"
    return f"{num_done:,} of {num_in:,} records are done, {num_in - num_done:,} are left"


def _bar(console: Console) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn())
    note = TextColumn("{task.fields[note]}")
    quiet = not console.is_terminal  # a log wants the lines that stay, not the bar
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, *times, note, console=console, transient=True, disable=quiet)


class ProgressLog:
    """What a bar shows, as a line a minute where there is no terminal to draw a bar on."""

    def __init__(
        self, console: Console, stage: str, total: int | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console, self._stage, self._total, self._clock = console, stage, total, clock
        self._done = 0
        self._began = self._told = clock()

    def advance(self) -> None:
        """Count a record; say how far it is when a minute has passed since it was last said."""
        self._done += 1
        now = self._clock()
        if self._console.is_terminal or now - self._told < LOG_EVERY_SECONDS:
            return
        self._told = now
        rate = self._done / (now - self._began)
        left = (
            ""
            if self._total is None
            else f" of {self._total:,}, about {(self._total - self._done) / rate / 60:.0f} min left"
        )
        self._console.print(
            f"{self._stage} {self._done:,}{left}, {rate:,.1f} a second", highlight=False, soft_wrap=True
        )
