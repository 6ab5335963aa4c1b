"""A question as it was asked -> what people see of it: its text with the places where tokens begin, what came before it named once.

Reads the question and a tokenizer; for a server, whose tokens are not known, the text alone.
"""

from collections import Counter
from typing import Any

from qantara.evaluate.pages.shown_text import Prompt
from qantara.models.questions import Question
from qantara.records import content_id

BOUNDARY = "\u2502"  # a light vertical bar: between tokens on a terminal


def prompt_view(question: Question, item_text: str, answers: tuple[str, ...], tokenizer: Any) -> tuple[Prompt, Prompt]:  # noqa: ANN401
    """Return the part of a prompt that is the item's own, and what comes before it.

    `item_text` is the question as it stands in the prompt; where a template changed it, all is taken for the item's own.
    """
    text = question.prompt
    start = max(0, text.rfind(item_text))
    starts, special = token_places(text, tokenizer) if tokenizer is not None else ((), ())
    before = text[:start]
    prefix = Prompt(
        text=before,
        token_starts=tuple(place for place in starts if place < start),
        special=tuple(span for span in special if span[1] <= start),
    )
    own = Prompt(
        text=text[start:],
        token_starts=tuple(place - start for place in starts if place >= start),
        special=tuple((low - start, high - start) for low, high in special if low >= start),
        answers=answers,
        prefix_id=content_id(before) if before else "",
    )
    return own, prefix


def token_places(text: str, tokenizer: Any) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:  # noqa: ANN401
    """Return the characters at which the tokens of a text begin, and the spans of special tokens."""
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    special = set(tokenizer.all_special_ids)
    pairs = list(zip(encoded["input_ids"], encoded["offset_mapping"], strict=True))
    return tuple(low for _, (low, _) in pairs), tuple((low, high) for token, (low, high) in pairs if token in special)


def marked(text: str, tokenizer: Any, start: int = 0) -> str:  # noqa: ANN401
    """Return a text from a character on, a bar before each token; tokens that share a character have their bars side by side.

    Without a tokenizer there are no bars.
    """
    if tokenizer is None:
        return text[start:]
    starts, _ = token_places(text, tokenizer)
    bars = Counter(starts)
    return "".join(BOUNDARY * bars[place] + text[place] for place in range(start, len(text)))
