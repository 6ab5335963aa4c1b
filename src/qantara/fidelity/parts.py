"""Cuts two readings into sentences that belong together: as many on both sides, in order; else the texts stay whole.

A part is a reading of the same folded text with only its own cues (of `PART_KINDS`), so places stay those of the whole text.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from qantara.fidelity.reading import Reading
from qantara.fidelity.word_hits import Cue, Hits

_GLUED_END = r"(?<=[^\W\d_]{3})\.(?=[^\W\d_]{3})"  # two sentences with no space between them
_SENTENCE_END = re.compile(f"[.!?;\\u061f\\u061b][\"'»)\\]]*(?= )|\\n|{_GLUED_END}")
_LEAST_CHARACTERS = 2
PART_KINDS = ("negation", "comparator", "stem_operator")


class Part(NamedTuple):
    """One sentence of a text and its counterpart, and how many words the source's has."""

    source: Reading
    target: Reading
    num_words: int


def aligned_parts(source: Reading, target: Reading) -> Sequence[Part]:
    """Return the sentences of two texts side by side, or the whole texts when they do not have the same number."""
    ours, theirs = _starts(source.text), _starts(target.text)
    if len(ours) < 2 or len(ours) != len(theirs):
        return [Part(source, target, len(source.tokens))]
    ends = [bisect_right(source.starts, start - 1) for start in [*ours[1:], len(source.text) + 1]]
    words = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    return [Part(*part) for part in zip(_parts(source, ours), _parts(target, theirs), words, strict=True)]


def _starts(text: str) -> list[int]:
    """Return where each sentence of a folded text begins."""
    starts = [0]
    for match in _SENTENCE_END.finditer(text):
        if match.end() - starts[-1] > _LEAST_CHARACTERS and text[match.end() :].strip():
            starts.append(match.end())
    return starts


def _parts(reading: Reading, starts: Sequence[int]) -> list[Reading]:
    cues: list[dict[str, list[Cue]]] = [{} for _ in starts]
    for kind in PART_KINDS:
        for cue in reading.cues(kind):
            cues[bisect_right(starts, cue.start) - 1].setdefault(kind, []).append(cue)
    return [replace(reading, hits=Hits(part, reading.hits.digits)) for part in cues]
