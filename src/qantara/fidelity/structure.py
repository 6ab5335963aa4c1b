"""Rules on the structure of a record: kind, fields, options, answer index, turns and roles; nothing here reads a text's meaning.

Spans of these rules are whole fields. Options that changed places are for `option_order`, since that takes their facts.
"""

from collections.abc import Iterable

from qantara.fidelity.rule import RecordMatch, record_rule
from qantara.languages import fold, is_blank
from qantara.records import Choice, Dialogue, Example, text_fields

_UNKNOWN_ANSWER = -1


@record_rule("structure.kind", applies_to="record", why="A question became a dialogue: nothing else can be compared.")
def kind(source: Example, target: Example) -> Iterable[RecordMatch]:
    """Find records of another kind."""
    if source.kind != target.kind:
        message = f"a record of kind {source.kind} became {target.kind}"
        yield RecordMatch("", message, expected=source.kind, got=target.kind)


@record_rule("structure.missing_field", applies_to="record", why="A field of the source is empty in the target.")
def missing_field(source: Example, target: Example) -> Iterable[RecordMatch]:
    """Find fields whose translation is empty."""
    after = text_fields(target)
    for name, text in text_fields(source).items():
        if not is_blank(text) and is_blank(after.get(name, "")):
            yield RecordMatch(name, "the translation of this field is empty", text)


@record_rule("structure.added_field", applies_to="record", why="The target has a field that the source has not.")
def added_field(source: Example, target: Example) -> Iterable[RecordMatch]:
    """Find fields that were made up."""
    before = text_fields(source)
    for name, text in text_fields(target).items():
        if name not in before and not is_blank(text):
            yield RecordMatch(name, "the source has no such field", "", text)


@record_rule(
    "structure.option_count", applies_to="choice", why="An option was lost or made up: the key may point at another."
)
def option_count(source: Example, target: Example) -> Iterable[RecordMatch]:
    """Find items with another number of options."""
    if isinstance(source, Choice) and isinstance(target, Choice) and len(source.options) != len(target.options):
        before, after = len(source.options), len(target.options)
        yield RecordMatch("", f"{before} options became {after}", expected=str(before), got=str(after))


@record_rule("structure.answer_index", applies_to="choice", why="The key points at another option.")
def answer_index(source: Example, target: Example) -> Iterable[RecordMatch]:
    """Find items whose answer index changed; an unknown index (-1) is not compared."""
    if not isinstance(source, Choice) or not isinstance(target, Choice):
        return
    before, after = source.answer_index, target.answer_index
    if before != after and _UNKNOWN_ANSWER not in (before, after):
        message = f"the right answer moved from option {before + 1} to {after + 1}"
        yield RecordMatch("", message, expected=str(before + 1), got=str(after + 1))


@record_rule(
    "structure.options_collapsed", applies_to="choice", why="Two options became one: the question has no single answer."
)
def options_collapsed(source: Example, target: Example) -> Iterable[RecordMatch]:
    """Find options that differ in the source and are the same in the target."""
    if not isinstance(source, Choice) or not isinstance(target, Choice):
        return
    for i, j in collapsed_options(source, target):
        message = f"options {i + 1} and {j + 1} differ in the source and are the same in the translation"
        yield RecordMatch(
            f"options/{j}", message, source.options[j], target.options[j], source.options[j], target.options[i]
        )


def collapsed_options(source: Choice, target: Choice) -> list[tuple[int, int]]:
    """Return the pairs of options that differ in the source and are the same in the target after folding."""
    after = _folded(target)
    if len(set(after)) == len(after):
        return []
    before = _folded(source)
    count = min(len(before), len(after))
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    return [(i, j) for i, j in pairs if after[i] and after[i] == after[j] and before[i] != before[j]]


def _folded(example: Choice) -> list[str]:
    return [fold(option).strip(".\u060c,;: ") for option in example.options]


@record_rule("structure.turn_count", applies_to="dialogue", why="A turn was lost or made up.")
def turn_count(source: Example, target: Example) -> Iterable[RecordMatch]:
    """Find dialogues with another number of turns."""
    if isinstance(source, Dialogue) and isinstance(target, Dialogue) and len(source.turns) != len(target.turns):
        before, after = len(source.turns), len(target.turns)
        yield RecordMatch("", f"{before} turns became {after}", expected=str(before), got=str(after))


@record_rule("structure.role", applies_to="dialogue", why="The patient says what the doctor said.")
def role(source: Example, target: Example) -> Iterable[RecordMatch]:
    """Find turns whose role changed."""
    if not isinstance(source, Dialogue) or not isinstance(target, Dialogue):
        return
    if len(source.turns) != len(target.turns):
        return
    for i, (before, after) in enumerate(zip(source.turns, target.turns, strict=True)):
        if before.role != after.role:
            message = f"the role of turn {i + 1} changed from {before.role} to {after.role}"
            yield RecordMatch(f"turns/{i}", message, before.text, after.text, before.role, after.role)


RULES = (missing_field, added_field, option_count, answer_index, options_collapsed, turn_count, role)
