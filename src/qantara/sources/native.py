"""Reads Qantara's own JSONL: {"key", "kind", "specialty", "language", ...} with the fields of the kind.

choice: question, options, answer_index, context, explanation; answer: question, answer, context; dialogue: turns of role and text;
passage: text.
`language` may be left out: then it is the recipe's source language.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from qantara.errors import DataError
from qantara.languages import LANGUAGES
from qantara.records import Example
from qantara.sources.mapping import ColumnMapping, Constants, Row, example_of, text_of

MAPPINGS = {
    "choice": ColumnMapping(
        kind="choice",
        question="question",
        options="options",
        answer_index="answer_index",
        context="context",
        explanation="explanation",
        native_id="key",
        subject="specialty",
    ),
    "answer": ColumnMapping(
        kind="answer", question="question", answer="answer", context="context", native_id="key", subject="specialty"
    ),
    "dialogue": ColumnMapping(kind="dialogue", turns="turns", native_id="key", subject="specialty"),
    "passage": ColumnMapping(kind="passage", text="text", native_id="key", subject="specialty"),
}


def native_examples(rows: Iterable[Row], constants: Constants, where: str) -> Iterator[Example]:
    """Yield a record a row; raise DataError for a row whose kind or language is not known."""
    for number, row in enumerate(rows, start=1):
        kind = text_of(row.get("kind"))
        code = text_of(row.get("language")) or constants.language
        if kind not in MAPPINGS:
            raise DataError(f"{where}, record {number}: kind must be one of {', '.join(MAPPINGS)}, not {kind!r}")
        if code not in LANGUAGES:
            raise DataError(f"{where}, record {number}: language {code!r} is not known")
        yield example_of(row, MAPPINGS[kind], replace(constants, language=code), number)
