"""Speed and memory of `qantara audit` on many pairs: writes a set of the size asked for and audits it in a process of its own.

`--data` is JSONL with an `en` and an `ar` text a line; its pairs are repeated with a number of their own appended to both sides, so
that no two are the same. `--characters` joins neighbors until a source is that long. Memory is the sum over all processes of the
audit of their proportional set size, looked at four times a second.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path


def long_pairs(path: Path, num_characters: int) -> list[tuple[str, str]]:
    """Return the pairs of a file, neighbors joined until each source has `num_characters`."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    made, sources, targets = [], [], []
    for row in rows:
        sources.append(row["en"])
        targets.append(row["ar"])
        if sum(map(len, sources)) >= num_characters:
            made.append((" ".join(sources), " ".join(targets)))
            sources, targets = [], []
    return made


def write_pairs(path: Path, pairs: list[tuple[str, str]], count: int) -> None:
    """Write `count` different pairs."""
    with path.open("w", encoding="utf-8") as file:
        for number, (source, target) in zip(range(count), cycle(pairs), strict=False):
            row = {"id": str(number), "source": f"{source} Case {number}.", "target": f"{target} Case {number}."}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def memory_bytes(root: int) -> int:
    """Return the proportional set size of a process and all its children."""
    total = 0
    for process in [root, *children(root)]:
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8")
        except OSError:  # it ended in the meantime
            continue
        total += sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
    return total


def children(root: int) -> list[int]:
    """Return the processes that a process started, and theirs."""
    found = []
    for task in Path(f"/proc/{root}/task").glob("*/children"):
        for child in task.read_text(encoding="utf-8").split():
            found += [int(child), *children(int(child))]
    return found


def main() -> None:
    """Write the set, audit it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--characters", type=int, default=1, help="least characters of a source")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--meaning", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pairs.jsonl"
        pairs = long_pairs(arguments.data, arguments.characters)
        write_pairs(file, pairs, arguments.count)
        command = [sys.executable, "-m", "qantara", "audit", str(file), "--out", str(Path(folder) / "out")]
        command += ["--workers", str(arguments.workers), *([] if arguments.meaning else ["--no-meaning"])]
        began = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            most = 0
            while process.poll() is None:
                most = max(most, memory_bytes(process.pid))
                time.sleep(0.25)
        seconds = time.monotonic() - began
        mean = sum(len(source) for source, _ in pairs) / len(pairs)
        print(
            f"{arguments.count:,} pairs of {mean:.0f} characters, {file.stat().st_size / 1e9:.2f} GB, {arguments.workers} workers: "
            f"{seconds:.0f} s, {arguments.count / seconds:,.0f} pairs/s, {most / 1e9:.2f} GB at most, exit {process.returncode}"
        )


if __name__ == "__main__":
    main()
