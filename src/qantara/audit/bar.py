"""A progress bar on stderr for what lasts longer than two seconds; a log or a pipe gets none."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from qantara.audit.passes import Advance

_QUIET_SECONDS = 2.0


class LateBar:
    """A bar that shows itself two seconds after it was made, if there is still something to do."""

    def __init__(self, console: Console) -> None:
        count = TextColumn("{task.completed:,}")
        columns = (SpinnerColumn(), TextColumn("{task.description:10}"), BarColumn(), count, TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._began = time.monotonic()
        self._is_shown = False
        self._task: TaskID | None = None

    def start(self, what: str, total: int | None) -> Advance:
        """Begin the next part of the work, of `total` steps where that is known; return what moves the bar on."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = task = self._progress.add_task(what, total=total)

        def advance(steps: int) -> None:
            self._progress.advance(task, steps)
            if not self._is_shown and time.monotonic() - self._began > _QUIET_SECONDS:
                self._is_shown = True
                self._progress.start()

        return advance

    def __enter__(self) -> "LateBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
