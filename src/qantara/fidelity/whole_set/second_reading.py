"""Pass two over a set: short quotes of the pairs with findings, and the pairs and sources of each suspect passage.

Holds the texts of one batch, and up to twelve sources a suspect; nothing is kept of pairs without findings.
"""

from collections import Counter

import numpy as np

from qantara.fidelity.whole_set.folding import Ints
from qantara.fidelity.whole_set.pair import ObservedPair, main_field, main_text
from qantara.fidelity.whole_set.passages import Suspect, runs_among, source_units
from qantara.fidelity.whole_set.relations import Relations

_BATCH_SIZE = 256
_QUOTE_CHARACTERS = 80
_NUM_BACKGROUND = 2_000


class SecondReading:
    """Reads each pair once; `quotes` has the main field's name and the start of its text by pair number."""

    def __init__(self, numbers: Ints, related: Relations, suspects: list[Suspect]) -> None:
        self.suspects = sorted(suspects, key=lambda suspect: suspect.run)
        self.quotes: dict[int, tuple[str, str]] = {}
        self._runs = np.array([suspect.run for suspect in self.suspects], np.uint64)
        self._to_quote = {int(numbers[row]) for row in related}
        spread = np.linspace(0, len(numbers) - 1, min(_NUM_BACKGROUND, len(numbers))).astype(np.int64)
        self._to_count = set(numbers[spread].tolist())
        self._background: Counter[int] = Counter()
        self._pending: list[ObservedPair] = []

    def read(self, pair: ObservedPair) -> None:
        """Take in one pair."""
        if pair.number in self._to_quote:
            self.quotes[pair.number] = (main_field(pair.target), main_text(pair.target)[:_QUOTE_CHARACTERS])
        if not self.suspects:
            return
        if pair.number in self._to_count:
            self._background.update(source_units("\n".join(pair.source.values())))
        self._pending.append(pair)
        if len(self._pending) >= _BATCH_SIZE:
            self._look_for_suspects()

    def leaks(self) -> list[Suspect]:
        """Return the suspects that the sources do not explain, the most frequent first."""
        self._look_for_suspects()
        leaks = [
            suspect for suspect in self.suspects if not suspect.is_explained(self._background, len(self._to_count))
        ]
        return sorted(leaks, key=lambda suspect: (-len(suspect.numbers), suspect.run))

    def _look_for_suspects(self) -> None:
        if not self._pending or not self.suspects:
            return
        owners = [pair for pair in self._pending for _ in pair.target.values()]
        texts = [text for pair in self._pending for text in pair.target.values()]
        for place, text, passage in runs_among(texts, self._runs):
            suspect, pair = self.suspects[place], owners[text]
            if suspect.numbers and suspect.numbers[-1] == pair.number:
                continue
            suspect.passage = suspect.passage or passage
            suspect.numbers.append(pair.number)
            if pair.number in suspect.to_read:
                suspect.sources.append("\n".join(pair.source.values()))
        self._pending = []
