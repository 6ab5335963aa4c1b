"""What the checks of a set as a whole take and give: one pair as it streams by, and findings about pairs and about the set.

No text is kept here beyond the short quotes of what is reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from qantara.records import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedPair:
    """One pair of a set: `number` is its position in the file, fields are named as `records.text_fields` does, or "text".

    `id` is "" when the set has none; `answer_index` and `num_options` are None and 0 for what is no multiple-choice question.
    """

    number: int
    source: Mapping[str, str]
    target: Mapping[str, str]
    source_language: str
    target_language: str
    answer_index: int | None = None
    num_options: int = 0
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFinding:
    """What the rest of the set tells about one pair: `num_sharing` pairs (this one included) show the same, `partner` is one."""

    rule: str
    severity: Severity
    field: str
    message: str
    quote: str
    num_sharing: int
    partner: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFinding:
    """What is remarkable about the set; `figures` are the numbers behind `message`."""

    rule: str
    severity: Severity
    message: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeSetFindings:
    """All findings of one set; `by_pair` is keyed by pair number."""

    statistics: tuple[SetFinding, ...]
    by_pair: Mapping[int, tuple[PairFinding, ...]]


def main_field(fields: Mapping[str, str]) -> str:
    """Return the name of the field that makes a pair what it is: question, text, first turn or answer ("" if there is none)."""
    for name in ("question", "text", "turns/0", "answer"):
        if name in fields:
            return name
    return ""


def main_text(fields: Mapping[str, str]) -> str:
    """Return the text of the main field; the turns of a dialogue count as one."""
    name = main_field(fields)
    if name == "turns/0":
        return "\n".join(text for field, text in fields.items() if field.startswith("turns/"))
    return fields.get(name, "")
