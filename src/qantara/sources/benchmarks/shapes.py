"""Makes plain rows of the rows that data sets publish: named columns, lists in a cell as JSON, keys as letters or numbers."""

from collections.abc import Mapping, Sequence

from qantara.errors import DataError
from qantara.languages import fold, language
from qantara.sources.benchmarks.benchmark import Shape
from qantara.sources.cells import Missing, cell_at, unpacked
from qantara.sources.mapping import Row, index_of, options_of, text_of
from qantara.sources.pairs import PairColumns

_ROWS_TO_KNOW_COLUMNS = 100


def named(
    *,
    question: str,
    options: str | tuple[str, ...],
    answer: str,
    answer_base: int = 0,
    optional: Mapping[str, str] | None = None,
) -> Shape:
    """Return the shape of rows with these columns; `optional` names the columns of id, subject and context where rows have them."""
    extra = dict(optional or {})

    def plain(row: Row, code: str) -> Row:
        columns = (options,) if isinstance(options, str) else options
        values = {name: unpacked(value_at(row, name)) for name in columns}
        return {
            "id": value_at(row, extra.get("id", "")),
            "subject": value_at(row, extra.get("subject", "")),
            "question": value_at(row, question),
            "options": options_of(values, options),
            "answer_index": answer_of(value_at(row, answer), answer_base, code),
            "context": joined(value_at(row, extra.get("context", ""))),
        }

    return Shape(needs=(question, *((options,) if isinstance(options, str) else options), answer), plain=plain)


def of_pair(columns: PairColumns, code: str) -> Shape:
    """Return the shape of one language's side of rows that hold a pair; id and subject stand under their own names if not said."""
    optional = {"id": columns.native_id or "id", "subject": columns.subject or "subject"}
    return named(
        question=columns.question[code],
        options=columns.options[code],
        answer=columns.answer_index,
        answer_base=columns.answer_base,
        optional=optional | ({"context": columns.context[code]} if code in columns.context else {}),
    )


def nested_columns(codes: Sequence[str]) -> PairColumns:
    """Return the columns of a row with an object a language: {"id", "answer_index", "en": {"question", "options"}, "ar": ...}."""
    return PairColumns(
        question={code: f"{code}.question" for code in codes},
        options={code: f"{code}.options" for code in codes},
        context={code: f"{code}.context" for code in codes},
        answer_index="answer_index",
    )


_COMMON = {"id": "id", "subject": "subject", "context": "context"}
NATIVE = named(question="question", options="options", answer="answer_index", optional=_COMMON)
CHOICES = named(
    question="question", options="choices", answer="answer_index", optional=_COMMON | {"context": "contexts"}
)
GENERAL = (NATIVE, CHOICES)


def shape_of(rows: Sequence[Row], shapes: Sequence[Shape], where: str) -> Shape:
    """Return the first shape that the rows have, or raise DataError that says which columns were wanted."""
    first = rows[:_ROWS_TO_KNOW_COLUMNS]
    for shape in shapes:
        if all(
            any(not isinstance(cell_at(row, name), Missing) for row in first) for name in shape.needs
        ) and shape.holds(rows):
            return shape
    wanted = "; or ".join(dict.fromkeys(", ".join(shape.needs) for shape in shapes))
    there = ", ".join(dict.fromkeys(name for row in first for name in row)) or "none"
    raise DataError(f"{where}: the columns are not known; wanted {wanted}; there are: {there}")


def value_at(row: Row, path: str) -> object:
    """Return the value of a column, or of a dotted path into objects; None where there is none."""
    found = cell_at(row, path)
    return None if isinstance(found, Missing) else found


def answer_of(value: object, base: int, code: str) -> int:
    """Return an option's number from 0: as `index_of`, and for letters that are written a little differently; -1 for none."""
    found = index_of(value, base, code)
    if found >= 0 or not isinstance(value, str):
        return max(found, -1)
    letters = [fold(letter) for letter in language(code).option_letters]
    text = fold(value.strip(" .)\n"))
    return letters.index(text) if text in letters else index_of(value.strip(" .)\n"), base, code)


def joined(value: object) -> str:
    """Return a text, or the lines of a list of texts; an object's `contexts` are its texts."""
    value = unpacked(value)
    if isinstance(value, Mapping):
        value = value.get("contexts")
    if isinstance(value, list | tuple):
        return "\n".join(filter(None, (text_of(part) for part in value)))
    return text_of(value)
