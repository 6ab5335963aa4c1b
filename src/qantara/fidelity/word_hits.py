"""What the lexicons found in a text: cues by kind, and which tokens are digits."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Cue(NamedTuple):
    """One hit: its value in the lexicon, its span in the folded text, and its first and last token."""

    value: str
    start: int
    end: int
    first_token: int
    last_token: int


class Hits(NamedTuple):
    """Cues by kind, in order, and the numbers of the tokens that are digits."""

    cues: Mapping[str, Sequence[Cue]]
    digits: Sequence[int]

    def of_kind(self, kind: str) -> Sequence[Cue]:
        """Return the cues of one kind; none for a kind that did not occur."""
        return self.cues.get(kind, ())
