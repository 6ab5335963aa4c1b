"""Makes a task of any file: pairs as objects by language, as columns by language or by `--columns`, or items in one language each.

`name_dev.*` beside a file holds the examples to show first.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from qantara.errors import DataError
from qantara.languages import language, script_of
from qantara.records import Choice
from qantara.sources.benchmarks import files
from qantara.sources.benchmarks.benchmark import LoadedTask, Shape
from qantara.sources.benchmarks.catalog import list_tasks
from qantara.sources.benchmarks.entries import Entry, read_entries
from qantara.sources.benchmarks.pairing import Paired, alone, pair
from qantara.sources.benchmarks.shapes import GENERAL, nested_columns, of_pair
from qantara.sources.mapping import Constants, Row, text_of
from qantara.sources.pairs import PairColumns

_ROWS_TO_KNOW_COLUMNS = 100
Sides = Mapping[str, list[Entry]]


def load_file(path: Path, direction: tuple[str, ...], columns: PairColumns | None = None) -> LoadedTask:
    """Return the task that a file holds, in the languages of `direction` that it has, named after the file."""
    name = path.name.partition(".")[0]
    rows = list(files.rows_of(path))
    if not rows:
        raise DataError(f"{path}: there are no rows in it")
    items = _sides(rows, direction, columns, str(path), "test")
    beside = files.dev_file(path)
    shots = _sides(list(files.rows_of(beside)), direction, columns, str(beside), "dev") if beside else {}
    return together(name, items, shots, (str(path),))


def together(name: str, items: Sides, shots: Sides, origins: tuple[str, ...]) -> LoadedTask:
    """Return the task of entries by language, the two languages of a pair put together; raise DataError if no item is left."""
    paired = _joined(items, name)
    notes = list(paired.notes)
    if not paired.choices:
        reasons = ", ".join(dict.fromkeys(rejection.reason for rejection in paired.rejections)) or "there are no rows"
        raise DataError(". ".join([f"task {name}: no item is left to score ({reasons})", *notes]))
    shown = _joined({code: side for code, side in shots.items() if side}, f"{name}, examples to show first")
    if shown.rejections:
        notes += [
            *shown.notes,
            f"{name}: {len(shown.rejections)} examples to show first are left out: they have a fault",
        ]
    return LoadedTask(
        name=name,
        data_set=None,
        items=tuple(paired.choices),
        shots=tuple(shown.choices),
        rejections=tuple(paired.rejections),
        notes=tuple(notes),
        origins=origins,
    )


def _joined(sides: Sides, where: str) -> Paired:
    codes = list(sides)
    if len(codes) > 2:
        raise DataError(f"{where}: at most two languages are compared at once, not {', '.join(codes)}")
    if len(codes) == 2:
        return pair(sides[codes[0]], sides[codes[1]], where)
    return alone(sides[codes[0]]) if codes else Paired()


def _sides(
    rows: Sequence[Row], direction: tuple[str, ...], columns: PairColumns | None, where: str, split: str
) -> dict[str, list[Entry]]:
    """Return the entries of a file by language, in the order of the direction."""
    first = rows[:_ROWS_TO_KNOW_COLUMNS]
    columns = columns or _nested(first, direction) or _columns_by_language(first, direction)
    constants = {code: _constants(where, code, split) for code in direction}
    if columns is not None:
        return {code: read_entries(rows, [_shape(columns, code, where)], constants[code], where) for code in direction}
    shapes = (*GENERAL, *(shape for one in list_tasks() for side in one.sides.values() for shape in side.shapes))
    by_code: dict[str, list[Row]] = {}
    for row, code in zip(rows, _codes(rows, shapes, direction, where), strict=True):
        by_code.setdefault(code, []).append(row)
    return {code: read_entries(by_code[code], shapes, constants[code], where) for code in direction if code in by_code}


def _shape(columns: PairColumns, code: str, where: str) -> Shape:
    if code not in columns.question or code not in columns.options:
        raise DataError(f"{where}: the columns say nothing about language {code!r}")
    return of_pair(columns, code)


def _nested(rows: Sequence[Row], direction: tuple[str, ...]) -> PairColumns | None:
    nested = all(any(isinstance(row.get(code), Mapping) for row in rows) for code in direction)
    return nested_columns(direction) if nested else None


def _columns_by_language(rows: Sequence[Row], direction: tuple[str, ...]) -> PairColumns | None:
    """Return the columns of a table with question_en, options_en (or choices_en), question_ar, ..., answer_index."""
    there = {name for row in rows for name in row}
    for options in ("options", "choices"):
        wanted = {f"{field}_{code}" for code in direction for field in ("question", options)}
        if wanted | {"answer_index"} <= there:
            return PairColumns(
                question={code: f"question_{code}" for code in direction},
                options={code: f"{options}_{code}" for code in direction},
                context={code: f"context_{code}" for code in direction},
                answer_index="answer_index",
            )
    return None


def _codes(rows: Sequence[Row], shapes: Sequence[Shape], direction: tuple[str, ...], where: str) -> list[str]:
    """Return the language of each row: the one that it names, else the one of `direction` in whose script the file is."""
    said = [text_of(row.get("language")) for row in rows]
    strange = sorted({code for code in said if code and code not in direction})
    if strange:
        languages = ", ".join(strange)
        raise DataError(f"{where}: rows in {languages}, but the languages that are compared are {', '.join(direction)}")
    if all(said):
        return said
    entries = read_entries(rows, shapes, _constants(where, direction[0], "test"), where)
    usual = _language_of([entry.choice for entry in entries], direction)
    return [code or usual for code in said]


def _language_of(choices: Sequence[Choice], direction: tuple[str, ...]) -> str:
    """Return the language whose script has most letters in the questions; the first of `direction` if none has any."""
    text = "".join(choice.question for choice in choices[:_ROWS_TO_KNOW_COLUMNS])
    scripts = [script_of(character) for character in text]
    return max(dict.fromkeys(direction), key=lambda code: scripts.count(language(code).script))


def _constants(where: str, code: str, split: str) -> Constants:
    language(code)  # raises for a code that is not known
    source = Path(where).name.partition(".")[0].removesuffix("_dev")
    return Constants(language=code, source=source, split=split)
