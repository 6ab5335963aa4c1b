"""Makes a pair of a row: an id, and two sides that are each a text or a record (`Choice`, `Answer`, `Dialogue`).

A row that is no pair raises `BadRow` with a reason that a person can act on and that doesn't quote the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from qantara.audit.columns import FIELDS, SIDES, Columns
from qantara.errors import DataError
from qantara.records import Answer, Choice, Dialogue, Example, Origin, Role, Turn, text_fields
from qantara.sources.cells import Missing, unpacked
from qantara.sources.mapping import Row, index_of, text_of

Side = str | Example
TEXT_FIELD = "text"
_ROLES: dict[str, Role] = {
    "user": "user",
    "patient": "user",
    "human": "user",
    "assistant": "assistant",
    "doctor": "assistant",
    "gpt": "assistant",
    "system": "system",
}


class BadRow(DataError):
    """A row is no pair; the message says what is wrong with it, without the row's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A pair, its id (the row number where the data have none) and its row number from 1."""

    number: int
    id: str
    source: Side
    target: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How rows are read: the language codes, and the columns, None for the shapes that are known by themselves.

    Those are {"id", "source", "target"} and {"id", "en": ..., "ar": ...}; an `answer_index` beside the sides is shared.
    """

    source_language: str
    target_language: str
    columns: Columns | None = None

    def columns_of(self, row: Row) -> Columns:
        """Return the columns by which this row is read."""
        if self.columns is not None:
            return self.columns
        codes = (self.source_language, self.target_language)
        has_codes = all(code in row for code in codes) and not all(side in row for side in SIDES)
        return _known_columns(*(codes if has_codes else SIDES))


@cache
def _known_columns(source: str, target: str) -> Columns:
    paths = {"id": "id", "source": source, "target": target}
    paths |= {f"{side}.answer_index": "answer_index" for side in SIDES}
    return Columns(paths={name: (path,) for name, path in paths.items()})


def pair_of(row: Row, number: int, shape: Shape) -> Pair:
    """Return the pair that a row holds, or raise BadRow."""
    columns = shape.columns_of(row)
    found_id = columns.part(row, "id")
    native_id = text_of(found_id).strip() or str(number)
    codes = (shape.source_language, shape.target_language)
    sides = [_side(columns, row, name, _Frame(native_id, code, name)) for name, code in zip(SIDES, codes, strict=True)]
    if isinstance(sides[0], str) != isinstance(sides[1], str):
        raise BadRow("one side is a text and the other an object")
    source, target = _with_one_key(sides[0], sides[1])
    pair = Pair(number=number, id=native_id, source=source, target=target)
    if not any(text.strip() for text in texts(pair.source).values()):
        raise BadRow("the source has no text")
    _check_characters(pair)
    return pair


def texts(side: Side) -> dict[str, str]:
    """Return the texts of a side by field name, in reading order."""
    return {TEXT_FIELD: side} if isinstance(side, str) else text_fields(side)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the record of one side needs beside its fields."""

    id: str
    language: str
    name: str


def _side(columns: Columns, row: Row, name: str, frame: _Frame) -> Side:
    whole = columns.part(row, name)
    fields = columns.fields(row, name)
    if isinstance(whole, str):
        if fields.keys() - {"answer_index"}:
            raise BadRow(f"{name} is a text, so no other field can belong to it; name it {name}.question")
        return whole
    if isinstance(whole, Mapping):
        fields |= {field: whole[field] for field in FIELDS if whole.get(field) is not None}
    elif not isinstance(whole, Missing) and whole is not None:
        raise BadRow(f"{name} is {_kind(whole)}, not a text or an object")
    fields = {field: value for field, value in fields.items() if value is not None}
    if not set(fields) & {"question", "options", "answer", "turns"}:
        raise BadRow(
            f"{name} is missing" if whole is None or isinstance(whole, Missing) else f"{name} has no field known"
        )
    return _record(fields, frame)


def _record(fields: Mapping[str, object], frame: _Frame) -> Example:
    origin = Origin(source="audit", native_id=frame.id)
    if fields.get("turns"):
        turns = _turns(fields["turns"], frame.name)
        return Dialogue(id=frame.id, language=frame.language, origin=origin, turns=turns)
    question, context = (_text(fields, name, frame.name) for name in ("question", "context"))
    if "options" not in fields:
        answer = _text(fields, "answer", frame.name)
        return Answer(
            id=frame.id, language=frame.language, origin=origin, question=question, answer=answer, context=context
        )
    return Choice(
        id=frame.id,
        language=frame.language,
        origin=origin,
        question=question,
        options=_options(fields["options"], frame.name),
        answer_index=_answer_index(fields, frame),
        context=context,
        explanation=_text(fields, "explanation", frame.name),
    )


def _with_one_key(source: Side, target: Side) -> tuple[Side, Side]:
    """Return both sides with the answer index that only one of them has."""
    if isinstance(source, Choice) and isinstance(target, Choice):
        if target.answer_index < 0:
            return source, replace(target, answer_index=source.answer_index)
        if source.answer_index < 0:
            return replace(source, answer_index=target.answer_index), target
    return source, target


def _text(fields: Mapping[str, object], name: str, side: str) -> str:
    value = fields.get(name, "")
    if isinstance(value, str):
        return value
    raise BadRow(f"{side}.{name} is {_kind(value)}, not a text")


def _options(value: object, side: str) -> tuple[str, ...]:
    value = unpacked(value)
    if isinstance(value, Mapping):
        value = [value[key] for key in sorted(value)]
    if not isinstance(value, list | tuple) or not value:
        raise BadRow(f"{side}.options is {_kind(value)}, not a list of options")
    if any(isinstance(option, bool) or not isinstance(option, str | int | float) for option in value):
        raise BadRow(f"{side}.options holds something that is no text")
    return tuple(text_of(option) for option in value)


def _answer_index(fields: Mapping[str, object], frame: _Frame) -> int:
    value = fields.get("answer_index", "")
    if value == "":
        return -1
    index = index_of(value, 0, frame.language)
    if index < 0 and value != -1:
        raise BadRow(f"{frame.name}.answer_index is no number from 0 and no option letter")
    return index


def _turns(value: object, side: str) -> tuple[Turn, ...]:
    value = unpacked(value)
    found = []
    for turn in value if isinstance(value, list | tuple) else ():
        role = _ROLES.get(text_of(turn.get("role")).lower()) if isinstance(turn, Mapping) else None
        text = (turn.get("text") or turn.get("content")) if isinstance(turn, Mapping) else None
        if role is None or not isinstance(text, str):
            raise BadRow(f"{side}.turns holds a turn without a known role or without text")
        found.append(Turn(role=role, text=text))
    if not found:
        raise BadRow(f"{side}.turns is {_kind(value)}, not a list of turns")
    return tuple(found)


def _kind(value: object) -> str:
    names = {
        str: "a text",
        bool: "a truth value",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "nothing" if value is None else "of another kind")


def _check_characters(pair: Pair) -> None:
    if len(pair.id.splitlines()) > 1:
        raise BadRow("the id holds a line break")
    try:
        "".join((pair.id, *texts(pair.source).values(), *texts(pair.target).values())).encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadRow("half a character (a lone surrogate) in the text") from error
