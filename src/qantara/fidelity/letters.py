"""Looks at the letters of a text: which scripts they are of, and runs of words that were left in another language's script."""

from functools import cache

from qantara.fidelity.reading import Reading
from qantara.fidelity.units import is_unit
from qantara.languages import language, script_of

_LEAST_WORD_LETTERS = 2
_RUN_ENDS = frozenset(".;:!?()[]\n\u061f\u061b")

script_of_letter = cache(script_of)


def source_runs(reading: Reading, code: str) -> list[tuple[int, int]]:
    """Return (first, last token) of each run of running words of language `code`'s script (no abbreviations, no units).

    A word of another script, a digit or a sentence's punctuation ends a run; commas and hyphens do not.
    """
    script = language(code).script
    runs: list[tuple[int, int]] = []
    first = last = -1
    initials = {token[0] for token in reading.tokens}
    ours = {letter for letter in initials if script_of_letter(letter) == script}
    for i in [i for i, token in enumerate(reading.tokens) if token[0] in ours]:
        if first >= 0 and i == last + 1 and _RUN_ENDS.isdisjoint(reading.gaps[last]):
            last = i
            continue
        if first >= 0:
            runs.append((first, last))
        first, last = (i, i) if is_running_word(reading, i, code) else (-1, -1)
    return [*runs, (first, last)] if first >= 0 else runs


def is_running_word(reading: Reading, i: int, code: str) -> bool:
    """Tell words from abbreviations and units: no capital inside, two letters or more, the same in no lexicon of units."""
    token, start = reading.tokens[i], reading.starts[i]
    if len(token) < _LEAST_WORD_LETTERS or is_unit(token, code):
        return False
    written = reading.quote(start, start + len(token))
    return written[1:] == written[1:].lower()


def num_running(reading: Reading, run: tuple[int, int], code: str) -> int:
    """Return how many running words a run has."""
    return sum(is_running_word(reading, i, code) for i in range(run[0], run[1] + 1))


def place_of_run(reading: Reading, run: tuple[int, int]) -> tuple[int, int]:
    """Return the folded span of a run of tokens."""
    return reading.starts[run[0]], reading.starts[run[1]] + len(reading.tokens[run[1]])


def share_of_script(reading: Reading, script: str) -> float:
    """Return the share of a text's letters that are of a script, 0..1; 1 for a text without letters."""
    letters = [(script_of_letter(token[0]), len(token)) for token in reading.tokens if token[0].isalpha()]
    total = sum(length for _, length in letters)
    return sum(length for name, length in letters if name == script) / total if total else 1.0
