"""How many answers a second the run's ledger keeps and finds, on SQLite and, with `--postgres URL`, on PostgreSQL.

Writes rows like those of real calls (1.8 kB of Arabic text, 1.8 kB of request) through `qantara.ledger`, each committed alone or in
groups of 64; fills the table up to `--rows`, but for no longer than `--seconds`, and looks keys up one by one and 64 at a time.
PostgreSQL's figures are as durable as the server's settings, which are printed.
"""

import argparse
import os
import platform
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from qantara.ledger import METADATA, create_tables, insert_new, open_ledger, transaction

WORDS = """
يُعطى المريض خمسة ملغ من الدواء مرة واحدة كل يوم بعد الطعام ما لم تظهر عليه أعراض حساسية أو طفح جلدي
أو ضيق في التنفس وعندها يوقف العلاج ويراجع الطبيب فورًا لقياس ضغط الدم وفحص وظائف الكلى والكبد قبل
زيادة الجرعة عند الأطفال والحوامل
"""
TEXT = " ".join(random.Random(0).choices(WORDS.split(), k=200_000))
BODY_CHARACTERS = 980  # 1.8 kB
GROUP_ROWS = 64
FILL_ROWS = 2000  # a transaction, while filling
ROW = sa.Table(
    "benchmark_call",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(32), nullable=False, unique=True),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("finish_reason", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("created", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one database did; rows and look-ups are by the second."""

    single_rows: float
    grouped_rows: float
    grouped_cpu_ms_a_row: float
    filled_rows: int
    fill_rows: float
    single_look_ups: float
    grouped_look_ups: float
    bytes_a_row: float


def key_of(number: int) -> str:
    """Return a key as random as a hash, so that the index is hit all over; the same number gives the same key."""
    return f"{random.Random(number).getrandbits(128):032x}"


def body(number: int) -> str:
    """Return a piece of a long text of words in random order, from its own place in it."""
    start = number * 7919 % (len(TEXT) - BODY_CHARACTERS)
    return TEXT[start : start + BODY_CHARACTERS]


def rows_from(start: int, count: int) -> list[dict[str, object]]:
    """Return rows in the order of their keys."""
    rest = {"finish_reason": "stop", "seconds": 0.5, "created": "2026-01-01T00:00:00.000+00:00"}
    numbers = range(start, start + count)
    rows = [{"key": key_of(i), "request": body(2 * i), "text": body(2 * i + 1)} | rest for i in numbers]
    return sorted(rows, key=lambda row: str(row["key"]))


@contextmanager
def clock(seconds: list[float]) -> Iterator[None]:
    """Append the wall-clock seconds, then the processor seconds, of what runs inside."""
    wall, processor = time.perf_counter(), time.process_time()
    yield
    seconds += [time.perf_counter() - wall, time.process_time() - processor]


def write(engine: sa.Engine, start: int, count: int, group_rows: int) -> tuple[float, float]:
    """Write rows with a commit for each group; return wall-clock and processor seconds without those of making them."""
    rows = rows_from(start, count)
    statement = insert_new(engine, ROW)
    seconds: list[float] = []
    with clock(seconds):
        for first in range(0, count, group_rows):
            with transaction(engine) as connection:
                connection.execute(statement, rows[first : first + group_rows])
    return seconds[0], seconds[1]


def look_up(engine: sa.Engine, num_rows: int, count: int, group_keys: int) -> float:
    """Return look-ups a second of random keys that are there, so many in one query."""
    numbers = random.Random(1).choices(range(num_rows), k=count)
    keys = [key_of(number) for number in numbers]
    seconds: list[float] = []
    with clock(seconds):
        for first in range(0, count, group_keys):
            some = keys[first : first + group_keys]
            with transaction(engine) as connection:
                assert connection.execute(sa.select(ROW).where(ROW.c.key.in_(some))).fetchall()  # noqa: S101 - a benchmark
    return count / seconds[0]


def fill(engine: sa.Engine, start: int, num_rows: int, limit_seconds: float) -> tuple[int, float]:
    """Write until there are so many rows or the time is over; return how many there are and the seconds of writing."""
    began, writing = time.perf_counter(), 0.0
    while start < num_rows and time.perf_counter() - began < limit_seconds:
        writing += write(engine, start, FILL_ROWS, FILL_ROWS)[0]
        start += FILL_ROWS
    return start, writing


def stored_bytes(engine: sa.Engine) -> int:
    """Return the size of the file, write-ahead log and all, or of the table with its indexes."""
    if engine.dialect.name == "sqlite":
        file = Path(str(engine.url.database))
        return sum(part.stat().st_size for part in file.parent.glob(f"{file.name}*"))
    with transaction(engine) as connection:
        return int(connection.execute(sa.text("select pg_total_relation_size('benchmark_call')")).scalar_one())


def measure(engine: sa.Engine, num_rows: int, limit_seconds: float) -> Figures:
    """Return the figures of an empty ledger."""
    create_tables(engine)
    singles, groups = 1000, 200 * GROUP_ROWS
    single_seconds, _ = write(engine, 0, singles, 1)
    grouped_seconds, processor_seconds = write(engine, singles, groups, GROUP_ROWS)
    begin = singles + groups
    filled, fill_seconds = fill(engine, begin, num_rows, limit_seconds)
    return Figures(
        single_rows=singles / single_seconds,
        grouped_rows=groups / grouped_seconds,
        grouped_cpu_ms_a_row=processor_seconds / groups * 1000,
        filled_rows=filled,
        fill_rows=(filled - begin) / max(fill_seconds, 1e-9),
        single_look_ups=look_up(engine, filled, 5000, 1),
        grouped_look_ups=look_up(engine, filled, 200 * GROUP_ROWS, GROUP_ROWS),
        bytes_a_row=stored_bytes(engine) / filled,
    )


def postgres_settings(engine: sa.Engine) -> str:
    """Return the version and what decides whether a commit is on disk."""
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
    with transaction(engine) as connection:
        found = {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names}
    return "PostgreSQL " + ", ".join(f"{name} {value}" for name, value in found.items())


def measure_all(arguments: argparse.Namespace) -> dict[str, Figures]:
    """Return the figures by database; the table is dropped again."""
    found = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        engine = open_ledger(Path(folder) / "ledger.sqlite")
        found[f"SQLite {sqlite3.sqlite_version}, WAL, synchronous FULL"] = measure(
            engine, arguments.rows, arguments.seconds
        )
        engine.dispose()
    if arguments.postgres:
        engine = open_ledger(arguments.postgres)
        ROW.drop(engine, checkfirst=True)
        found[postgres_settings(engine)] = measure(engine, arguments.rows, arguments.seconds)
        ROW.drop(engine)
        engine.dispose()
    return found


def main() -> None:
    """Print a table and what it was measured on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", metavar="URL", help="a server whose table benchmark_call may be made and dropped")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=180, help="the longest time to fill one database")
    parser.add_argument("--folder", type=Path, help="where the SQLite file is made (its disk is what is measured)")
    found = measure_all(parser.parse_args())
    for name, figures in found.items():
        print(f"{name}: {figures.filled_rows:,} rows, {figures.bytes_a_row:,.0f} bytes a row")
        print(f"  rows a second, each committed alone        {figures.single_rows:>10,.0f}")
        print(f"  rows a second, {GROUP_ROWS} a commit                {figures.grouped_rows:>10,.0f}")
        print(f"  processor ms a row, {GROUP_ROWS} a commit           {figures.grouped_cpu_ms_a_row:>10.3f}")
        print(f"  rows a second, {FILL_ROWS} a commit, over the fill {figures.fill_rows:>8,.0f}")
        print(f"  look-ups a second, one key a query         {figures.single_look_ups:>10,.0f}")
        print(f"  look-ups a second, {GROUP_ROWS} keys a query        {figures.grouped_look_ups:>10,.0f}")
    cores = len(os.sched_getaffinity(0))
    print(f"{platform.platform()}, {cores} cores, Python {platform.python_version()}, SQLAlchemy {sa.__version__}")


if __name__ == "__main__":
    main()
