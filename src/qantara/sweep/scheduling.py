"""Arms as processes of this machine: so many at once, each with its accelerator or its share of the cores, output into its log.

Knows folders and exit statuses only; what is done and what is left is `arm`'s to say. However it ends, no process is left.
"""

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from qantara.errors import RecipeError
from qantara.sweep.arm import LOG

_DEVICES = "CUDA_VISIBLE_DEVICES"
_THREADS = "OMP_NUM_THREADS"
_POLL_SECONDS = 0.05
_SECONDS_TO_END = 10.0


def start_arm(folder: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start the process of an arm; it ends when this one does, since it waits for the end of its input."""
    with (folder / LOG).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "qantara.sweep.arm", str(folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
        )


def run_local(
    folders: Sequence[Path], slots: Sequence[Mapping[str, str]], told: Callable[[Path, int | None], None]
) -> None:
    """Run arms, one at a time in each slot; `told` hears of each start (None) and each end (exit status)."""
    waiting = deque(folders)
    running: dict[int, tuple[Path, subprocess.Popen[bytes]]] = {}
    try:
        while waiting or running:
            for slot in sorted(set(range(len(slots))) - set(running)):
                if waiting:
                    folder = waiting.popleft()
                    running[slot] = (folder, start_arm(folder, slots[slot]))
                    told(folder, None)
            time.sleep(_POLL_SECONDS)
            for slot, (folder, process) in list(running.items()):
                if (status := process.poll()) is not None:
                    del running[slot]
                    _close(process)
                    told(folder, status)
    finally:
        for _, process in running.values():
            end_process(process)


def end_process(process: "subprocess.Popen[bytes]") -> None:
    """End an arm's process and wait until it is gone."""
    process.terminate()
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _close(process)


def local_slots(parallel: int, devices: Sequence[str], cores: int) -> list[dict[str, str]]:
    """Return what each slot adds to the environment: an accelerator each, or without any an even share of the cores.

    RecipeError when there are accelerators and more is to run at once than there are.
    """
    if devices:
        if parallel > len(devices):
            fault = f"sweep.parallel is {parallel}, but there are {len(devices)} accelerators here: one for each arm"
            raise RecipeError("sweep", [fault])
        return [{_DEVICES: device} for device in devices[:parallel]]
    return [{} if _THREADS in os.environ else {_THREADS: str(max(1, cores // parallel))} for _ in range(parallel)]


def visible_devices() -> list[str]:
    """Return the accelerators that this process may use, by the names that CUDA_VISIBLE_DEVICES takes."""
    if (named := os.environ.get(_DEVICES)) is not None:
        return [name.strip() for name in named.split(",") if name.strip()]
    import torch

    return [str(i) for i in range(torch.cuda.device_count())]


def last_line(folder: Path) -> str:
    """Return the last line of an arm's log that says something, "" when there is none."""
    log = folder / LOG
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _close(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        process.stdin.close()
