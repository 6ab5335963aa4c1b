"""Makes options of PubMedQA's decisions: yes, no and maybe in the language of the row, from `decisions.tsv`.

Its first spelling of a language is what is shown; a row's decision may be written in any of the spellings, of any language.
"""

from functools import cache
from pathlib import Path

from qantara.languages import fold
from qantara.sources import csv_file
from qantara.sources.benchmarks.benchmark import Shape
from qantara.sources.benchmarks.shapes import joined, value_at
from qantara.sources.mapping import Row, text_of

DECISIONS = ("yes", "no", "maybe")
_TABLE = Path(__file__).with_name("decisions.tsv")


def decision_options(code: str) -> tuple[str, ...]:
    """Return yes, no and maybe as they are shown in a language; English where the table lacks it."""
    spellings = _spellings()
    return tuple(
        next((text for text, one, its in spellings if one == decision and its == code), decision)
        for decision in DECISIONS
    )


def decision_index(text: str) -> int:
    """Return the number of a decision, 0 yes, 1 no, 2 maybe; -1 for a text that is none."""
    wanted = fold(text.strip(" .\n"))
    return next((DECISIONS.index(one) for spelling, one, _ in _spellings() if fold(spelling) == wanted), -1)


def _shape(question: str, context: str, native_id: str) -> Shape:
    def plain(row: Row, code: str) -> Row:
        return {
            "id": value_at(row, native_id),
            "subject": "",
            "question": value_at(row, question),
            "options": decision_options(code),
            "answer_index": decision_index(text_of(value_at(row, "final_decision"))),
            "context": joined(value_at(row, context)),
        }

    return Shape(needs=(question, context, "final_decision"), plain=plain)


SHAPES = (
    _shape("QUESTION", "CONTEXTS", "id"),
    _shape("question", "contexts", "id"),
    _shape("question", "context", "pubid"),
)


@cache
def _spellings() -> tuple[tuple[str, str, str], ...]:
    rows = csv_file.rows(_TABLE, "\t")
    return tuple((text_of(row["spelling"]), text_of(row["decision"]), text_of(row["language"])) for row in rows)
