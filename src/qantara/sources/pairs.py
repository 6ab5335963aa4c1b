"""Reads paired benchmark items: one row gives the same question in two languages, as two `Choice` records of one family.

Native shape: {"id", "subject", "answer_index", "en": {"question", "options"}, "ar": {...}}, a side may have a "context";
other tables name their columns.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from qantara.errors import DataError
from qantara.records import Choice, Origin, with_id
from qantara.sources.mapping import Constants, Row, index_of, options_of, text_of, with_columns

Direction = tuple[str, str]


class PairColumns(BaseModel):
    """Which columns of a table hold the two sides of an item; `question` and `options` by language code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: dict[str, str] = Field(
        description="column of the question by language, {en: question_en, ar: question_ar}"
    )
    options: dict[str, str | tuple[str, ...]] = Field(
        description="column with the list of options, or list of columns, by language"
    )
    context: dict[str, str] = Field(default={}, description="column of the context by language, where there is one")
    answer_index: str = Field(description="column of the right option: a number from `answer_base`, or a letter")
    answer_base: int = Field(default=0, ge=0, le=1, description="the number of the first option, 0 or 1")
    native_id: str | None = Field(default=None, description="column of the item's own id; none: the row number from 1")
    subject: str | None = Field(default=None, description="column of the subject")

    def columns(self, direction: Direction) -> tuple[str, ...]:
        """Return the columns that are read for two languages."""
        found = [self.answer_index, *(name for name in (self.native_id, self.subject) if name is not None)]
        for code in direction:
            options = self.options[code]
            found += [self.question[code], *((options,) if isinstance(options, str) else options)]
            found += [self.context[code]] if code in self.context else []
        return tuple(found)


NATIVE_KEYS = ("id", "answer_index")


def native_pairs(rows: Iterable[Row], constants: Constants, direction: Direction, where: str) -> Iterator[Choice]:
    """Yield two records a row of our own shape: the source language's, then the target language's."""
    for number, row in enumerate(with_columns(rows, (*NATIVE_KEYS, *direction), where), start=1):
        flat: dict[str, object] = {name: row.get(name) for name in ("id", "subject", "answer_index")}
        for code in direction:
            side = row.get(code)
            flat |= {f"{code}.{name}": value for name, value in side.items()} if isinstance(side, Mapping) else {}
        columns = PairColumns(
            question={code: f"{code}.question" for code in direction},
            options={code: f"{code}.options" for code in direction},
            context={code: f"{code}.context" for code in direction},
            answer_index="answer_index",
            native_id="id",
            subject="subject",
        )
        yield from pair_of(flat, columns, constants, direction, number)


def column_pairs(
    rows: Iterable[Row], columns: PairColumns, constants: Constants, direction: Direction, where: str
) -> Iterator[Choice]:
    """Yield two records a row of a table with named columns."""
    for code in direction:
        if code not in columns.question or code not in columns.options:
            raise DataError(f"{where}: the columns say nothing about language {code!r}")
    for number, row in enumerate(with_columns(rows, columns.columns(direction), where), start=1):
        yield from pair_of(row, columns, constants, direction, number)


def pair_of(
    row: Row, columns: PairColumns, constants: Constants, direction: Direction, number: int
) -> tuple[Choice, Choice]:
    """Return the two sides of one row; the target's family and parent are the source's id."""
    native_id = text_of(row.get(columns.native_id)) if columns.native_id else ""
    origin = Origin(
        source=constants.source,
        native_id=native_id or str(number),
        licence=constants.licence,
        split=constants.split,
        subject=text_of(row.get(columns.subject)) if columns.subject else "",
    )
    source = _side(row, columns, origin, direction[0])
    target = _side(row, columns, replace(origin, family=source.id, parent=source.id), direction[1])
    return source, target


def _side(row: Row, columns: PairColumns, origin: Origin, code: str) -> Choice:
    choice = Choice(
        id="",
        language=code,
        origin=origin,
        question=text_of(row.get(columns.question[code])),
        options=options_of(row, columns.options[code]),
        answer_index=index_of(row.get(columns.answer_index), columns.answer_base, code),
        context=text_of(row.get(columns.context[code])) if code in columns.context else "",
    )
    made = with_id(choice)
    if not isinstance(made, Choice):
        raise TypeError("an id does not change a record's kind")
    return made
