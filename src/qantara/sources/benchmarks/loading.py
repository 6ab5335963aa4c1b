"""Reads a task by name or file: from a folder with the user's copies, what is shipped, or the hub; in one language or two.

With `data`, a folder that has a copy in any of the languages is read and the hub is not asked; else the hub is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from qantara.errors import DataError
from qantara.sources import hub
from qantara.sources.benchmarks import files
from qantara.sources.benchmarks.benchmark import Benchmark, LoadedTask, Side
from qantara.sources.benchmarks.catalog import benchmark_of, list_tasks
from qantara.sources.benchmarks.entries import Entry, read_entries
from qantara.sources.benchmarks.file_task import load_file, together
from qantara.sources.mapping import Constants, Row, text_of
from qantara.sources.pairs import PairColumns

SHOTS_A_SUBJECT = 32


@dataclass(slots=True)
class _Found:
    """What is known of a benchmark's languages while it is read."""

    items: dict[str, list[Entry]] = field(default_factory=dict)
    shots: dict[str, list[Entry]] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def load_task(
    name_or_file: str,
    *,
    direction: tuple[str, ...] = ("en", "ar"),
    data: Path | None = None,
    columns: PairColumns | None = None,
) -> LoadedTask:
    """Return a benchmark of `list_tasks`, or the items of any file, in the languages of `direction` that it has.

    Source language first; a direction of one language reads that one alone. `columns` are for files. Raises DataError with what to
    put where if nothing can be read or no item is left to score.
    """
    benchmark = benchmark_of(name_or_file)
    if benchmark is not None:
        return _load_benchmark(benchmark, direction, data)
    path = Path(name_or_file)
    if path.exists() or any(path.name.endswith(suffix) for suffix in files.SUFFIXES):
        return load_file(path, direction, columns)
    known = ", ".join(one.name for one in list_tasks())
    raise DataError(f"task {name_or_file!r} is no file and not known; known: {known}")


def _load_benchmark(benchmark: Benchmark, direction: tuple[str, ...], data: Path | None) -> LoadedTask:
    codes = [code for code in dict.fromkeys(direction) if code in benchmark.sides]
    if not codes:
        raise DataError(f"task {benchmark.name} is in {', '.join(benchmark.languages)}, not in {', '.join(direction)}")
    found = _Found()
    paths = _local_files(benchmark, codes, data)
    for code in codes:
        if code in paths:
            _read_file(benchmark, code, paths[code], found)
        elif paths:
            found.missing[code] = f"no copy beside the others; put {_file_name(benchmark, code)} there"
        else:
            _read_hub(benchmark, code, data, found)
    if not found.items:
        raise DataError(_not_found(benchmark, codes, data, found.missing))
    notes = [f"{benchmark.name} is not read in {code}: {why}" for code, why in found.missing.items()]
    origins = tuple(dict.fromkeys(found.origins.values()))
    loaded = together(benchmark.name, found.items, found.shots, origins)
    return LoadedTask(
        name=loaded.name,
        data_set=benchmark.data_set,
        items=loaded.items,
        shots=loaded.shots,
        rejections=loaded.rejections,
        notes=(*notes, *loaded.notes),
        origins=origins,
    )


def _local_files(benchmark: Benchmark, codes: Iterable[str], data: Path | None) -> dict[str, Path]:
    if benchmark.shipped is not None:
        return dict.fromkeys(codes, benchmark.shipped)
    found = {}
    for code in codes if data is not None else ():
        with_bare = benchmark.one_file or code == benchmark.languages[0]
        stems = files.stems(benchmark.name, code, with_bare=with_bare, also=benchmark.sides[code].also)
        path = files.find(data or Path(), stems)
        if path is not None:
            found[code] = path
    return found


def _read_file(benchmark: Benchmark, code: str, path: Path, found: _Found) -> None:
    rows = list(files.rows_of(path))
    if not rows:
        raise DataError(f"{path}: there are no rows in it")
    has_split = any(text_of(row.get("split")) == benchmark.split for row in rows)
    items = [row for row in rows if not has_split or text_of(row.get("split")) == benchmark.split]
    beside = files.dev_file(path)
    shots = list(files.rows_of(beside)) if beside else []
    shots += [row for row in rows if has_split and text_of(row.get("split")) == benchmark.shot_split]
    _add(benchmark, code, items, shots, str(path), found)


def _read_hub(benchmark: Benchmark, code: str, data: Path | None, found: _Found) -> None:
    side = benchmark.sides[code]
    if not side.hub:
        found.missing[code] = "the hub doesn't have it"
        return
    try:
        items, shots = _hub_rows(side, data or Path())
    except DataError as error:
        found.missing[code] = str(error)
        return
    _add(benchmark, code, items, shots, ", ".join(str(part) for part in side.hub), found)


def _hub_rows(side: Side, folder: Path) -> tuple[list[Row], list[Row]]:
    items: list[Row] = []
    shots: list[Row] = []
    for part in side.hub:
        subject: Mapping[str, object] = {"subject": part.subject} if part.subject else {}
        items += [{**row, **subject} for row in hub.rows(part.path, folder, name=part.name, split=part.split)]
        if part.shot_split is not None:
            rows = hub.rows(part.path, folder, name=part.name, split=part.shot_split)
            shots += [{**row, **subject} for row in islice(rows, SHOTS_A_SUBJECT)]
    return items, shots


def _add(
    benchmark: Benchmark, code: str, items: Sequence[Row], shots: Sequence[Row], where: str, found: _Found
) -> None:
    shapes, subjects = benchmark.sides[code].shapes, benchmark.subjects
    found.origins[code] = where
    found.items[code] = read_entries(items, shapes, _constants(benchmark, code, "test"), where, subjects)
    entries = read_entries(shots, shapes, _constants(benchmark, code, "dev"), where, subjects)
    found.shots[code] = _first(entries if subjects else map(_without_subject, entries))


def _first(entries: Iterable[Entry]) -> list[Entry]:
    """Return the first few entries of each subject."""
    counts: Counter[str] = Counter()
    kept = []
    for entry in entries:
        counts[entry.group] += 1
        if counts[entry.group] <= SHOTS_A_SUBJECT:
            kept.append(entry)
    return kept


def _without_subject(entry: Entry) -> Entry:
    """Return an example that serves all items alike, so that every prompt begins with the same examples."""
    origin = replace(entry.choice.origin, subject="")
    return replace(entry, choice=replace(entry.choice, origin=origin))


def _constants(benchmark: Benchmark, code: str, split: str) -> Constants:
    facts = benchmark.sides[code].data_set or benchmark.data_set
    return Constants(language=code, source=facts.name, licence=facts.licence, split=split)


def _file_name(benchmark: Benchmark, code: str) -> str:
    bare = benchmark.one_file or code == benchmark.languages[0]
    return f"{benchmark.name}{'' if bare else f'_{code}'}.jsonl (or .csv, .tsv, .parquet, .gz)"


def _not_found(benchmark: Benchmark, codes: Sequence[str], data: Path | None, missing: Mapping[str, str]) -> str:
    names = " and ".join(dict.fromkeys(_file_name(benchmark, code) for code in codes))
    place = f"into {data}" if data is not None else "into a folder and name it with --data"
    why = "; ".join(dict.fromkeys(missing.values()))
    columns = "in its own columns or question, options, answer_index"
    return f"task {benchmark.name} can't be read: put {names} {place}, {columns} ({why})"
