"""How long the demo takes as a new user meets it: in a fresh clone with an empty cache, then warm, then with nothing to do.

    python benchmarks/demo.py [--source CLONE_FROM]

Prints a table of seconds and of the largest resident memory of any process. Nothing is left behind.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def timed(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Run a command in a folder and return its seconds; a failure ends the benchmark with what it said."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return time.perf_counter() - began


def peak_gigabytes() -> float:
    """Return the largest resident memory of any child so far, in GB (10^9 bytes)."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", default=str(Path(__file__).parents[1]), help="repository to clone")
    source = parser.parse_args().source
    rows = []
    with tempfile.TemporaryDirectory() as place:
        clone = Path(place) / "qantara"
        environment = os.environ | {"QANTARA_CACHE": str(Path(place) / "cache")}
        timed(["git", "clone", "--quiet", source, str(clone)], Path(place), environment)
        rows.append(
            (
                "make demo, with all installs and an empty cache",
                timed(["make", "demo"], clone, environment),
                peak_gigabytes(),
            )
        )
        shutil.rmtree(clone / "runs")
        rows.append(("make demo, warm", timed(["make", "demo"], clone, environment), peak_gigabytes()))
        rows.append(("make demo, nothing to do", timed(["make", "demo"], clone, environment), peak_gigabytes()))
        help_times = [timed([".venv/bin/qantara", "--help"], clone, environment) for _ in range(10)]
        rows.append(("qantara --help, median of 10", sorted(help_times)[5], peak_gigabytes()))
    print(f"{'what':50} {'seconds':>8} {'peak GB':>8}")
    for name, seconds, peak in rows:
        print(f"{name:50} {seconds:8.2f} {peak:8.2f}")


if __name__ == "__main__":
    main()
