"""What a field of a record is called on a page: "Option A" with the letters of both languages, who speaks a turn, "Question"."""

from dataclasses import dataclass

from qantara.languages import language
from qantara.records import Choice, Dialogue, Example

_SPEAKERS = {"system": "System", "user": "Patient", "assistant": "Doctor"}


@dataclass(frozen=True, slots=True)
class FieldLabel:
    """What a field is called; `letters` label options in both languages, ("", "") for what is no option."""

    text: str
    letters: tuple[str, str] = ("", "")
    is_key: bool = False


def field_label(source: str | Example, name: str, direction: tuple[str, str]) -> FieldLabel:
    """Return what the field `name` is called, from the names of `text_fields`; `direction` is the two language codes."""
    group, _, number = name.partition("/")
    if group == "options":
        i = int(number)
        letters = (_option_letter(direction[0], i), _option_letter(direction[1], i))
        return FieldLabel(f"Option {letters[0]}", letters, isinstance(source, Choice) and i == source.answer_index)
    if group == "turns" and isinstance(source, Dialogue) and int(number) < len(source.turns):
        return FieldLabel(_SPEAKERS[source.turns[int(number)].role])
    return FieldLabel(group.capitalize())


def _option_letter(code: str, i: int) -> str:
    letters = language(code).option_letters
    return letters[i] if i < len(letters) else str(i + 1)
