"""Says which columns of a table hold which fields of a record, and makes a record of a row.

A value of the wrong type never stops the run: text that is no text becomes "", an answer that can't be read becomes -1, roles
that are not known leave a dialogue without turns. `curate` rejects those records and says why.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qantara.errors import DataError
from qantara.languages import language as language_of
from qantara.records import Answer, Choice, Dialogue, Example, Origin, Passage, Role, Turn, with_id

_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")  # JSON may hold lone surrogates, which no file or database can
_LATIN_LETTERS = "ABCDEFGHIJ"
_ROWS_TO_KNOW_COLUMNS = 100
Row = Mapping[str, object]


class ColumnMapping(BaseModel):
    """The columns of one kind of record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["choice", "answer", "dialogue", "passage"] = Field(description="what a row is")
    question: str | None = Field(default=None, description="column of the question (choice, answer)")
    options: str | tuple[str, ...] | None = Field(
        default=None, description="one column with a list (or an object of letters), or a list of columns (choice)"
    )
    answer_index: str | None = Field(
        default=None, description="column of the right option: a number from `answer_base`, or a letter (choice)"
    )
    answer_base: int = Field(default=0, ge=0, le=1, description="the number of the first option, 0 or 1")
    explanation: str | None = Field(default=None, description="column of the explanation (choice)")
    answer: str | None = Field(default=None, description="column of the answer's text (answer)")
    context: str | None = Field(default=None, description="column of the context (choice, answer)")
    turns: str | None = Field(default=None, description="column with a list of turns (dialogue)")
    text: str | None = Field(default=None, description="column of the text (passage)")
    role_key: str = Field(default="role", description="key of a turn's role")
    text_key: str = Field(default="text", description="key of a turn's text")
    roles: dict[str, Role] = Field(
        default={"user": "user", "assistant": "assistant", "system": "system"},
        description="what the roles of the data mean, for instance {patient: user, doctor: assistant}",
    )
    native_id: str | None = Field(default=None, description="column of the row's own id; none: the row number from 1")
    subject: str | None = Field(default=None, description="column of the subject or specialty")

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> "ColumnMapping":
        needed = {
            "choice": ("question", "options", "answer_index"),
            "answer": ("question", "answer"),
            "dialogue": ("turns",),
            "passage": ("text",),
        }[self.kind]
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a mapping of kind {self.kind} needs {', '.join(missing)}")
        return self

    def columns(self) -> tuple[str, ...]:
        """Return every column that this mapping reads."""
        options = (self.options,) if isinstance(self.options, str) else (self.options or ())
        single = (self.question, self.answer_index, self.explanation, self.answer, self.context, self.turns, self.text)
        return tuple(name for name in (*single, *options, self.native_id, self.subject) if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """What all records of one source share."""

    language: str
    source: str
    licence: str = "unknown"
    split: str = "train"


def examples(rows: Iterable[Row], mapping: ColumnMapping, constants: Constants, where: str) -> Iterator[Example]:
    """Yield a record a row; raise DataError if a column is in none of the first rows (`where` names the file)."""
    for number, row in enumerate(with_columns(rows, mapping.columns(), where), start=1):
        yield example_of(row, mapping, constants, number)


def with_columns(rows: Iterable[Row], columns: Iterable[str], where: str) -> Iterator[Row]:
    """Yield the rows after seeing that each column is there; a file without rows yields nothing."""
    iterator = iter(rows)
    first = list(islice(iterator, _ROWS_TO_KNOW_COLUMNS))
    there = list(dict.fromkeys(name for row in first for name in row))
    missing = [name for name in columns if name not in there]
    if first and missing:
        raise DataError(f"{where}: no column {', '.join(map(repr, missing))}; there are: {', '.join(there)}")
    yield from chain(first, iterator)


def example_of(row: Row, mapping: ColumnMapping, constants: Constants, number: int) -> Example:
    """Return the record of one row, the `number`-th from 1."""
    origin = Origin(
        source=constants.source,
        native_id=_column(row, mapping.native_id) or str(number),
        licence=constants.licence,
        split=constants.split,
        subject=_column(row, mapping.subject),
    )
    question, context = _column(row, mapping.question), _column(row, mapping.context)
    code = constants.language
    if mapping.kind == "dialogue":
        turns = turns_of(row.get(mapping.turns or ""), mapping)
        return with_id(Dialogue(id="", language=code, origin=origin, turns=turns))
    if mapping.kind == "passage":
        return with_id(Passage(id="", language=code, origin=origin, text=_column(row, mapping.text)))
    if mapping.kind == "answer":
        answer = _column(row, mapping.answer)
        return with_id(Answer(id="", language=code, origin=origin, question=question, answer=answer, context=context))
    options = options_of(row, mapping.options or ())
    return with_id(
        Choice(
            id="",
            language=code,
            origin=origin,
            question=question,
            options=options,
            answer_index=index_of(row.get(mapping.answer_index or ""), mapping.answer_base, code),
            context=context,
            explanation=_column(row, mapping.explanation),
        )
    )


def text_of(value: object) -> str:
    """Return a value as text: text and numbers as they are, everything else (none, lists, not-a-number, half characters) as ""."""
    if isinstance(value, str):
        return value if value.isascii() or not _HALF_A_CHARACTER.search(value) else ""
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value:
        return str(value)
    return ""


def options_of(row: Row, columns: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the options from one column (a list, or an object in the order of its keys) or from several."""
    if not isinstance(columns, str):
        return tuple(text_of(row.get(name)) for name in columns)
    value = row.get(columns)
    if isinstance(value, Mapping):
        value = [value[key] for key in sorted(value)]
    return tuple(text_of(option) for option in value) if isinstance(value, list | tuple) else ()


def index_of(value: object, base: int, code: str) -> int:
    """Return an option's number from 0, from a number or an option letter of the language or of Latin; -1 for neither."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value - base
    text = value.strip() if isinstance(value, str) else ""
    if text.isdecimal():
        return int(text) - base
    if len(text) == 1 and text.upper() in _LATIN_LETTERS:
        return _LATIN_LETTERS.index(text.upper())
    letters = language_of(code).option_letters
    return letters.index(text) if text in letters else -1


def turns_of(value: object, mapping: ColumnMapping) -> tuple[Turn, ...]:
    """Return the turns of a list of objects, or none at all if one of them is not understood."""
    turns = []
    for turn in value if isinstance(value, list | tuple) else ():
        role = mapping.roles.get(text_of(turn.get(mapping.role_key))) if isinstance(turn, Mapping) else None
        if role is None:
            return ()
        turns.append(Turn(role=role, text=text_of(turn.get(mapping.text_key))))
    return tuple(turns)


def _column(row: Row, name: str | None) -> str:
    return text_of(row.get(name)) if name is not None else ""
