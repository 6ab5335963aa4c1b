"""Cuts two readings into sentences that belong together: as many on both sides, in order; else the texts stay whole.

A part is a reading of the same folded text with only its own cues (of `PART_KINDS`), so places stay those of the whole text.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from qantara.fidelity.reading import Reading
from qantara.fidelity.word_hits import Cue, Hits

_ENDS = frozenset(".!?;\u061f\u061b\n")
_LEAST_LETTERS = 3  # of two words that a stop stands between without a space
PART_KINDS = ("negation", "comparator", "stem_operator")


class Part(NamedTuple):
    """One sentence of a text and its counterpart, and how many words the source's has."""

    source: Reading
    target: Reading
    num_words: int


def aligned_parts(source: Reading, target: Reading) -> Sequence[Part]:
    """Return the sentences of two texts side by side, or the whole texts when they do not have the same number."""
    ours, theirs = _first_tokens(source), _first_tokens(target)
    if len(ours) < 2 or len(ours) != len(theirs):
        return [Part(source, target, len(source.tokens))]
    words = [end - start for start, end in zip(ours, [*ours[1:], len(source.tokens)], strict=True)]
    return [Part(*part) for part in zip(_parts(source, ours), _parts(target, theirs), words, strict=True)]


def _first_tokens(reading: Reading) -> list[int]:
    """Return the number of each sentence's first token."""
    tokens, gaps = reading.tokens, reading.gaps
    ends = [i for i, gap in enumerate(gaps) if len(gap) > 1 or gap in _ENDS]
    return [0, *(i + 1 for i in ends if i + 1 < len(tokens) and _is_end(gaps[i], tokens[i], tokens[i + 1]))]


def _is_end(gap: str, before: str, after: str) -> bool:
    if _ENDS.isdisjoint(gap):
        return False
    if gap == ".":
        return before.isalpha() and after.isalpha() and min(len(before), len(after)) >= _LEAST_LETTERS
    return " " in gap or "\n" in gap


def _parts(reading: Reading, firsts: Sequence[int]) -> list[Reading]:
    cues: list[dict[str, list[Cue]]] = [{} for _ in firsts]
    for kind in PART_KINDS:
        for cue in reading.cues(kind):
            cues[bisect_right(firsts, cue.first_token) - 1].setdefault(kind, []).append(cue)
    return [replace(reading, hits=Hits(part, reading.hits.digits)) for part in cues]
