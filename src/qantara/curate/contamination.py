"""Recognizes training records that are benchmark items: the same question, or the same options with nearly the same question."""

from collections.abc import Iterable
from dataclasses import dataclass

from qantara.languages import fold
from qantara.records import Choice, Dialogue, Example, Passage

_NEAR_SHARE = 0.8
_PUNCTUATION = " .?!:;,\u061f\u060c\u061b"


@dataclass(frozen=True, slots=True)
class BenchmarkIndex:
    """Folded questions of a benchmark in all its languages, and the word sets of the questions by their set of options."""

    questions: frozenset[str]
    by_options: dict[frozenset[str], tuple[frozenset[str], ...]]


def index_benchmark(items: Iterable[Example]) -> BenchmarkIndex:
    """Return what `in_benchmark` looks records up in."""
    questions: set[str] = set()
    by_options: dict[frozenset[str], tuple[frozenset[str], ...]] = {}
    for item in items:
        questions.update(_questions(item))
        if isinstance(item, Choice):
            key = _option_set(item)
            by_options[key] = (*by_options.get(key, ()), _words(item.question))
    return BenchmarkIndex(frozenset(questions), by_options)


def in_benchmark(example: Example, index: BenchmarkIndex) -> bool:
    """Tell whether a record asks a benchmark question (for a dialogue: in one of its turns)."""
    if not index.questions.isdisjoint(_questions(example)):
        return True
    if not isinstance(example, Choice):
        return False
    words = _words(example.question)
    return any(_overlap(words, other) >= _NEAR_SHARE for other in index.by_options.get(_option_set(example), ()))


def _questions(example: Example) -> set[str]:
    match example:
        case Dialogue():
            texts = [turn.text for turn in example.turns]
        case Passage():
            texts = [example.text]
        case _:
            texts = [example.question]
    return {folded for text in texts if (folded := fold(text).strip(_PUNCTUATION))}


def _option_set(choice: Choice) -> frozenset[str]:
    return frozenset(fold(option).strip(_PUNCTUATION) for option in choice.options)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip(_PUNCTUATION) for word in fold(text).split())


def _overlap(first: frozenset[str], second: frozenset[str]) -> float:
    """Return the Jaccard similarity of two sets of words, 0..1."""
    return len(first & second) / max(len(first | second), 1)
