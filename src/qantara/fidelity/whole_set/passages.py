"""Finds a passage that leaked into many targets: a prompt example, an instruction, a preamble.

Pass one keeps the targets' runs of six words, all while they fit; then those of the half of the runs and of the half of the pairs
with the smallest hashes, then of a quarter, and so on. Memory is bounded, two shards agree on what is kept, and a passage is found
if it is frequent (its pairs are sampled) or long (its runs are). Pass two finds all pairs with a suspect run and clears those whose
sources share something too, be it one uncommon word: boilerplate, an expanded abbreviation, a topic. Passages shorter than six
words are not found; in a set of a million one that is short and in fewer than about 200 pairs may be missed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qantara.fidelity.whole_set.folding import U64, Batch, Ints, fold_batch, mix, ngrams, runs_of_equals

NUM_WORDS = 6
LEAST_PAIRS = 3
_BUDGET = 6_000_000  # runs kept in memory, 12 bytes each
_MOST_SUSPECTS = 2_000
_MOST_READ = 12  # members of a group whose sources are read in pass two
_SHARED_BY = 0.5  # a unit of the sources that more than this share has explains a passage ...
_LIFT = 3.0  # ... if it is this much rarer elsewhere

Flags = NDArray[np.bool_]


@dataclass(slots=True)
class Passages:
    """The sampled runs of pass one: hash and pair number of each, sampled by either at a rate of 2^-num_halvings."""

    num_halvings: int = 0
    hashes: list[U64] = field(default_factory=list)
    numbers: list[NDArray[np.uint32]] = field(default_factory=list)
    num_kept: int = 0

    def observe(self, batch: Batch, numbers: Ints) -> None:
        """Take in the runs of a batch of target texts; text i belongs to pair `numbers[i]`."""
        hashes, starts = ngrams(batch.word_hashes, batch.word_texts, NUM_WORDS)
        self._add(hashes, numbers[batch.word_texts[starts]].astype(np.uint32))

    def merge(self, other: "Passages") -> None:
        """Take in another shard's runs."""
        if other.num_halvings > self.num_halvings:
            self._halve(other.num_halvings - self.num_halvings)
        for hashes, numbers in zip(other.hashes, other.numbers, strict=True):
            self._add(hashes, numbers)

    def suspects(self, repeated: Ints, reported: Ints) -> list["Suspect"]:
        """Return the runs found in three or more pairs, the most frequent first, one for each set of pairs.

        Pairs that repeat an earlier one do not count; a run that stands in `reported` pairs only is left out.
        """
        if not self.hashes:
            return []
        self._halve(0)
        frequent = _frequent(self.hashes[0])
        hashes, numbers = self.hashes[0][frequent], self.numbers[0][frequent].astype(np.int64)
        counted = ~np.isin(numbers, repeated)
        hashes, numbers = hashes[counted], numbers[counted]
        order = np.lexsort((numbers, hashes))
        hashes, numbers = hashes[order], numbers[order]
        new = np.ones(len(hashes), bool)
        new[1:] = (hashes[1:] != hashes[:-1]) | (numbers[1:] != numbers[:-1])
        hashes, numbers = hashes[new], numbers[new]
        return _largest_groups(hashes, numbers, np.isin(numbers, reported))

    def _add(self, hashes: U64, numbers: NDArray[np.uint32]) -> None:
        sampled = self._sampled(hashes, numbers)
        self.hashes.append(hashes[sampled])
        self.numbers.append(numbers[sampled])
        self.num_kept += len(self.hashes[-1])
        while self.num_kept > _BUDGET:
            self._halve(1)

    def _halve(self, times: int) -> None:
        """Halve the rate and bring what is left into one piece."""
        self.num_halvings += times
        hashes, numbers = np.concatenate(self.hashes), np.concatenate(self.numbers)
        sampled = self._sampled(hashes, numbers)
        self.hashes, self.numbers = [hashes[sampled]], [numbers[sampled]]
        self.num_kept = len(self.hashes[0])

    def _sampled(self, hashes: U64, numbers: NDArray[np.uint32]) -> Flags:
        limit = np.uint64((2**64 - 1) >> self.num_halvings)
        sampled: Flags = (hashes <= limit) | (mix(numbers.astype(np.uint64) + np.uint64(1)) <= limit)
        return sampled


@dataclass(slots=True)
class Suspect:
    """A run that recurs: whose sources to read; then the pairs that have it, the passage as written and those sources."""

    run: int
    to_read: frozenset[int]
    numbers: list[int] = field(default_factory=list)
    passage: str = ""
    sources: list[str] = field(default_factory=list)

    def is_explained(self, background: Counter[int], num_background: int) -> bool:
        """Tell whether the sources share an uncommon word or run of words, so that their targets may share one as well.

        `background` counts in how many of `num_background` other sources each unit stands.
        """
        shared = Counter(unit for text in self.sources for unit in source_units(text))
        for unit, count in shared.items():
            share = count / len(self.sources)
            if share > _SHARED_BY and share >= _LIFT * background[unit] / max(1, num_background):
                return True
        return False


def runs_among(texts: Sequence[str], sorted_runs: U64) -> list[tuple[int, int, str]]:
    """Return (place in `sorted_runs`, text, passage as written) once for each text and each of the runs it holds."""
    batch = fold_batch(texts)
    hashes, starts = ngrams(batch.word_hashes, batch.word_texts, NUM_WORDS)
    places = np.minimum(np.searchsorted(sorted_runs, hashes), len(sorted_runs) - 1)
    found: dict[tuple[int, int], str] = {}
    for hit in np.flatnonzero(sorted_runs[places] == hashes).tolist():
        word = int(starts[hit])
        text = int(batch.word_texts[word])
        passage = texts[text][int(batch.word_starts[word]) : int(batch.word_ends[word + NUM_WORDS - 1])]
        found.setdefault((int(places[hit]), text), passage)
    return [(run, text, passage) for (run, text), passage in found.items()]


def source_units(text: str) -> set[int]:
    """Return the hashes of a source text's words and runs of three words."""
    batch = fold_batch([text])
    runs, _ = ngrams(batch.word_hashes, batch.word_texts, 3)
    return {*batch.word_hashes.tolist(), *runs.tolist()}


def _frequent(hashes: U64) -> Flags:
    """Tell which hashes occur at least three times, with one sorted copy and no index array."""
    in_order = np.sort(hashes)
    thrice = np.unique(in_order[LEAST_PAIRS - 1 :][in_order[LEAST_PAIRS - 1 :] == in_order[: 1 - LEAST_PAIRS]])
    if not len(thrice):
        return np.zeros(len(hashes), bool)
    places = np.minimum(np.searchsorted(thrice, hashes), len(thrice) - 1)
    frequent: Flags = thrice[places] == hashes
    return frequent


def _largest_groups(hashes: U64, numbers: Ints, reported: Flags) -> list[Suspect]:
    spans = [(end - start, start) for start, end in runs_of_equals(hashes) if end - start >= LEAST_PAIRS]
    groups: dict[bytes, Suspect] = {}
    for size, start in sorted(spans, key=lambda span: (-span[0], span[1])):
        if len(groups) == _MOST_SUSPECTS:
            break
        members = numbers[start : start + size]
        if not reported[start : start + size].all():
            spread = np.linspace(0, size - 1, min(_MOST_READ, size)).astype(np.int64)
            suspect = Suspect(run=int(hashes[start]), to_read=frozenset(members[spread].tolist()))
            groups.setdefault(members.tobytes(), suspect)
    return list(groups.values())
