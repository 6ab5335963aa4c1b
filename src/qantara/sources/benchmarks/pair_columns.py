"""Reads `--columns` for files of pairs: `id=ID,subject=S,answer_index=A,source.question=Q,source.options=O|P,target.question=...`.

As `qantara audit --columns`: a left side is `id`, `subject`, `source`, `target`, a FIELD after a side, or a FIELD alone,
which then holds for both sides; a right side is a column or a dotted path into objects.
"""

from qantara.errors import DataError
from qantara.sources.pairs import Direction, PairColumns

_SIDES = ("source", "target")
_FIELDS = ("question", "options", "context", "answer_index")
_SHARED = ("id", "subject")


def pair_columns(text: str, direction: Direction) -> PairColumns:
    """Return the columns that a command line names for two languages, or raise DataError with what is not understood or missing."""
    found: dict[str, tuple[str, ...]] = {}
    for said in filter(None, (part.strip() for part in text.split(","))):
        name, equals, right = (word.strip() for word in said.partition("="))
        paths = tuple(path.strip() for path in right.split("|"))
        if not equals or not all(paths):
            raise DataError(f"--columns: {said!r} is not of the form NAME=COLUMN")
        for full in _full_names(name):
            if len(paths) > 1 and not full.endswith(".options"):
                raise DataError(f"--columns: {name} takes one column; only options may come from several")
            found |= _of_object(full, paths) if full in _SIDES else {full: paths}
    return _columns(found, direction)


def _columns(found: dict[str, tuple[str, ...]], direction: Direction) -> PairColumns:
    codes = dict(zip(_SIDES, direction, strict=True))
    missing = [
        f"{side}.{field}" for side in _SIDES for field in ("question", "options") if f"{side}.{field}" not in found
    ]
    answers = {found[name][0] for side in _SIDES if (name := f"{side}.answer_index") in found}
    if missing or not answers:
        raise DataError(
            f"--columns: nothing is named for {', '.join([*missing, *([] if answers else ['answer_index'])])}"
        )
    if len(answers) > 1:
        raise DataError("--columns: name one answer_index; both sides of a pair have the same key")
    options = {code: found[f"{side}.options"] for side, code in codes.items()}
    return PairColumns(
        question={code: found[f"{side}.question"][0] for side, code in codes.items()},
        options={code: paths[0] if len(paths) == 1 else paths for code, paths in options.items()},
        context={code: found[name][0] for side, code in codes.items() if (name := f"{side}.context") in found},
        answer_index=answers.pop(),
        native_id=found.get("id", (None,))[0],
        subject=found.get("subject", (None,))[0],
    )


def _of_object(side: str, paths: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the columns of a side that is one object with the fields in it."""
    return {f"{side}.{field}": (f"{paths[0]}.{field}",) for field in ("question", "options", "context")}


def _full_names(name: str) -> list[str]:
    side, _, field = name.partition(".")
    if name in (*_SHARED, *_SIDES) or (side in _SIDES and field in _FIELDS):
        return [name]
    if name in _FIELDS:
        return [f"{one}.{name}" for one in _SIDES]
    known = ", ".join((*_SHARED, *_SIDES, *_FIELDS))
    raise DataError(f"--columns: {name!r} is not known; known: {known}, and the fields after source. or target.")
