"""Reads one language's rows into entries: a record, its place, and why it can't be scored if it can't.

A row keeps its own id; without one it has its number, from 1, in a set of subjects after the subject: "anatomy-7".
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from qantara.languages import is_blank
from qantara.records import Choice, Rejection
from qantara.sources.benchmarks.benchmark import Shape
from qantara.sources.benchmarks.shapes import shape_of
from qantara.sources.mapping import ColumnMapping, Constants, Row, example_of, text_of

STAGE = "evaluate"
_PLAIN = ColumnMapping(
    kind="choice",
    question="question",
    options="options",
    answer_index="answer_index",
    context="context",
    native_id="id",
    subject="subject",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A record, its number from 1 in its group (a subject, or "" for all), and a reason if it can't be scored."""

    choice: Choice
    group: str
    number: int
    has_own_id: bool
    fault: str = ""

    def rejection(self, reason: str = "", detail: str = "") -> Rejection:
        """Return this entry as one that is not scored, for `reason` or its own fault."""
        choice = self.choice
        return Rejection(
            record_id=choice.id,
            native_id=choice.origin.native_id,
            stage=STAGE,
            reason=reason or self.fault,
            detail=detail or choice.language,
        )


def read_entries(
    rows: Sequence[Row], shapes: Sequence[Shape], constants: Constants, where: str, subjects: Collection[str] = ()
) -> list[Entry]:
    """Return an entry a row in order; with `subjects`, rows of other subjects are left out (they belong to other tasks)."""
    if not rows:
        return []
    shape = shape_of(rows, shapes, where)
    numbers: Counter[str] = Counter()
    seen: set[str] = set()
    entries = []
    for row in rows:
        plain = dict(shape.plain(row, constants.language))
        if subjects:
            plain["subject"] = subject_name(text_of(plain["subject"]))
            if plain["subject"] and plain["subject"] not in subjects:
                continue
        group = text_of(plain["subject"]) if subjects else ""
        numbers[group] += 1
        entry = _entry(plain, constants, group, numbers[group])
        native_id = entry.choice.origin.native_id
        entries.append(replace(entry, fault="repeated_id") if native_id in seen else entry)
        seen.add(native_id)
    return entries


def subject_name(text: str) -> str:
    """Return a subject as the harness writes it: "College Medicine" and "college_medicine_test.csv_..." are college_medicine."""
    name = text.strip().lower().replace(" ", "_")
    return name.partition("_test.csv")[0].partition("_test-")[0]


def fault_of(choice: Choice) -> str:
    """Return why a record can't be scored, "" if it can."""
    if is_blank(choice.question):
        return "no_question"
    if len(choice.options) < 2:
        return "no_options"
    if any(is_blank(option) for option in choice.options):
        return "empty_option"
    if choice.answer_index < 0:
        return "no_answer"
    return "answer_out_of_range" if choice.answer_index >= len(choice.options) else ""


def _entry(plain: Mapping[str, object], constants: Constants, group: str, number: int) -> Entry:
    own_id = " ".join(text_of(plain["id"]).split())
    native_id = own_id or (f"{group}-{number}" if group else str(number))
    choice = example_of({**plain, "id": native_id}, _PLAIN, constants, number)
    if not isinstance(choice, Choice):
        raise TypeError("a mapping of kind choice gives choices")
    return Entry(choice=choice, group=group, number=number, has_own_id=bool(own_id), fault=fault_of(choice))
