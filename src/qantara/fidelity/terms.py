"""A user's glossary: terms of the source language, each with the target terms that are accepted for it.

A term is found as it is written, in any case and with any tashkeel, but not in its other forms ("strokes"). Files are read and
written in `glossary_files`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from qantara.fidelity.reading import Reading
from qantara.fidelity.vocabulary import vocabulary, words_of


@dataclass(frozen=True)
class Glossary:
    """`accepted[term]` are the target terms, as the file writes them, of which one must stand where the source has the term."""

    accepted: Mapping[str, tuple[str, ...]]

    @cached_property
    def _by_words(self) -> Mapping[tuple[str, ...], Sequence[str]]:
        """Return the terms by their words; of those that differ in writing alone an acronym comes first."""
        found: dict[tuple[str, ...], list[str]] = {}
        for term in self.accepted:
            if words := tuple(words_of(term)):
                found.setdefault(words, []).append(term)
        return {words: sorted(terms, key=lambda term: not term.isupper()) for words, terms in found.items()}

    @cached_property
    def _lengths(self) -> Mapping[str, Sequence[int]]:
        """Return how many words the terms have that begin with a word, the most first."""
        found: dict[str, set[int]] = {}
        for words in self._by_words:
            found.setdefault(words[0], set()).add(len(words))
        return {head: sorted(lengths, reverse=True) for head, lengths in found.items()}

    @cached_property
    def _accepted_words(self) -> Mapping[str, Sequence[str]]:
        return {target: words_of(target) for targets in self.accepted.values() for target in targets}

    def terms_in(self, reading: Reading) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yield each term of the glossary that a source text has, once, with its folded span; the longest term wins.

        An acronym (all its letters are capitals) must be one in the text as well: "aids" is no AIDS.
        """
        told: set[str] = set()
        last = -1
        for i, token in enumerate(reading.tokens):
            if i <= last or token not in self._lengths:
                continue
            if found := self._longest(reading, i):
                term, last = found
                if term not in told:
                    told.add(term)
                    yield term, _place(reading, i, last)

    def _longest(self, reading: Reading, first: int) -> tuple[str, int] | None:
        """Return the longest term that begins with a text's word, and its last word's index."""
        for length in self._lengths[reading.tokens[first]]:
            words = tuple(reading.tokens[first : first + length])  # near the end of the text there may be fewer
            last = first + len(words) - 1
            for term in self._by_words.get(words, ()):
                if not term.isupper() or reading.quote(*_place(reading, first, last)).isupper():
                    return term, last
        return None

    def has_any(self, reading: Reading, code: str, accepted: Iterable[str]) -> bool:
        """Tell whether a target text has one of the accepted terms, with any prefix of its language."""
        table, tokens = vocabulary(code), reading.tokens
        for target in accepted:
            words = self._accepted_words[target]
            for i in range(len(tokens) - len(words) + 1):
                if table.begins(tokens[i], words[0]) and all(
                    table.matches(tokens[i + n], words[n]) for n in range(1, len(words))
                ):
                    return True
        return False


def _place(reading: Reading, first: int, last: int) -> tuple[int, int]:
    return reading.starts[first], reading.starts[last] + len(reading.tokens[last])
