"""Faults of the options of a question: two that changed places, one that became another; the key stays where it was."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

from qantara.languages import fold
from qantara.records import Choice


def option_swapped(example: Choice) -> Iterator[tuple[Choice, int]]:
    """Yield the question with each two unlike options exchanged, and the number of the first of them."""
    for i, j in permutations(range(len(example.options)), 2):
        if i < j and _differ(example, i, j):
            options = list(example.options)
            options[i], options[j] = options[j], options[i]
            yield replace(example, options=tuple(options)), i


def option_duplicated(example: Choice) -> Iterator[tuple[Choice, int]]:
    """Yield the question with each option replaced by each other one, and the number of the one that is lost."""
    for i, j in permutations(range(len(example.options)), 2):
        if _differ(example, i, j):
            options = list(example.options)
            options[i] = options[j]
            yield replace(example, options=tuple(options)), i


def _differ(example: Choice, i: int, j: int) -> bool:
    return fold(example.options[i]) != fold(example.options[j])
