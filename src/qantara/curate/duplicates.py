"""Recognizes exact duplicates: records of one kind whose texts and answer are the same after folding."""

from qantara.languages import fold
from qantara.records import Choice, Dialogue, Example, content_id, text_fields


def duplicate_key(example: Example) -> str:
    """Return what two duplicates share; options count in their order, since the answer index depends on it."""
    texts = [(name, fold(text)) for name, text in text_fields(example).items()]
    structure: list[object] = []
    if isinstance(example, Choice):
        structure = [example.answer_index]
    elif isinstance(example, Dialogue):
        structure = [turn.role for turn in example.turns]
    return content_id(example.kind, example.language, texts, structure)


def has_duplicate_options(choice: Choice) -> bool:
    """Tell whether two options are the same after folding."""
    folded = [fold(option) for option in choice.options]
    return len(set(folded)) < len(folded)
