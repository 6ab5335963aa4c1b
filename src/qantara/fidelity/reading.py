"""Reads a text once for every rule: words and numbers, the cues that lexicons know, each with its place in the original.

In: a text and its language. Out: a `Reading`, which rules compare. Nothing is judged here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from qantara.fidelity.folding import Folded, fold_with_places
from qantara.fidelity.quantities import Quantity, quantities_of
from qantara.fidelity.vocabulary import MASK, TOKEN, Entry, Vocabulary, vocabulary
from qantara.fidelity.word_hits import Cue, Hits
from qantara.languages import is_written
from qantara.records import Span

_LONGEST_GAP = 2
_NOWHERE = (-1, -1)
_MOST_VALUES = 3
_SENTENCE_ENDS = frozenset(".!?;\u061f\u061b")


@dataclass(frozen=True)
class Reading:
    """What one text says: `tokens[i]` (a folded word or run of digits) starts at `starts[i]`, `gaps[i]` stands after it.

    All places count in the folded text; `span` leads back to the original.
    """

    folded: Folded
    language: str
    tokens: Sequence[str]
    starts: Sequence[int]
    gaps: Sequence[str]
    hits: Hits

    @property
    def text(self) -> str:
        """Return the folded text."""
        return self.folded.text

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """Return the numbers of the text, in digits and in words, in order."""
        return quantities_of(self.folded, self.language, self.tokens, self.starts, self.hits)

    def cues(self, kind: str) -> Sequence[Cue]:
        """Return the cues of a kind in order, maskers left out."""
        return self.hits.of_kind(kind)

    def values(self, kind: str) -> list[str]:
        """Return the values of the cues of a kind in order."""
        return [cue.value for cue in self.hits.of_kind(kind)]

    def span(self, start: int, end: int) -> Span:
        """Return the span in the original of a span of the folded text."""
        first, last = self.folded.span(start, end)
        return Span(start=first, end=last)

    def quote(self, start: int, end: int) -> str:
        """Return the original's characters of a span of the folded text."""
        return self.folded.quote(start, end)


def read(text: str, language: str, table: Vocabulary | None = None) -> Reading:
    """Return what a text says; `table` is the language's vocabulary, given when a glossary was added to it."""
    table = vocabulary(language) if table is None else table
    folded = fold_with_places(text)
    parts = TOKEN.split(folded.text)
    tokens, gaps = parts[1::2], parts[2::2]
    starts = list(accumulate(map(len, parts), initial=0))[1:-1:2]
    return Reading(folded, language, tokens, starts, gaps, _hits(table, folded, tokens, starts, gaps))


def _hits(table: Vocabulary, folded: Folded, tokens: Sequence[str], starts: Sequence[int], gaps: Sequence[str]) -> Hits:
    """Look every token up; of overlapping cues of one kind the leftmost stays, and of those the longest."""
    cues: dict[str, list[Cue]] = {}
    ends: dict[str, tuple[int, int]] = {}  # per kind: first and last token of the cue that stands last
    digits = []
    last_token = len(tokens) - 1
    for i, word in enumerate(map(table.__getitem__, tokens)):
        if word is None:
            continue
        if word.is_digits:
            digits.append(i)
            continue
        seconds = word.seconds
        entries = seconds[tokens[i + 1]] if seconds is not None and i < last_token else ()
        if entries:
            found = _phrases(table, entries, tokens, gaps, i)
            found += [(entry, i) for entry in word.single]
        else:
            found = [(entry, i) for entry in word.single]
        for entry, last in found:
            kind = entry.kind
            before = ends.get(kind, _NOWHERE)
            if i <= before[1] and (i, last) != before:
                continue
            if entry.written and not is_written(folded.quote(starts[i], starts[i] + len(tokens[i])), entry.written):
                continue
            ends[kind] = (i, last)
            cue = Cue(entry.value, starts[i], starts[last] + len(tokens[last]), i, last)
            same_kind = cues.setdefault(kind, [])
            if cue not in same_kind[-_MOST_VALUES:]:  # two spellings of one value can be the same without an article
                same_kind.append(cue)
    return Hits({kind: tuple(c for c in found if c.value != MASK) for kind, found in cues.items()}, digits)


def _phrases(
    table: Vocabulary, entries: Sequence[Entry], tokens: Sequence[str], gaps: Sequence[str], first: int
) -> list[tuple[Entry, int]]:
    """Return those phrases that the text goes on with from token `first`, with their last token, the longest first."""
    found = []
    for entry in entries:
        last = first + len(entry.tail)
        if last < len(tokens) and all(
            not _is_break(gaps[i - 1]) and table.matches(tokens[i], entry.tail[i - first - 1])
            for i in range(first + 2, last + 1)
        ):
            found.append((entry, last))
    if _is_break(gaps[first]):
        return []
    return sorted(found, key=lambda pair: -pair[1])


def _is_break(gap: str) -> bool:
    """Tell whether what stands between two words ends a phrase: a sentence's end, or more than one sign."""
    return len(gap) > _LONGEST_GAP or "\n" in gap or (len(gap) > 1 and gap[0] in _SENTENCE_ENDS)
