"""One reply being read for one question: its tokens, the phrases, labels and option texts in it, and simple looks at a token."""

from collections.abc import Sequence
from dataclasses import dataclass

from qantara.evaluate.extracting.answer_phrases import Phrases
from qantara.evaluate.extracting.option_labels import Labels
from qantara.evaluate.extracting.option_texts import Texts
from qantara.evaluate.extracting.reply_text import COMMAS, LINE_END, SENTENCE_ENDS, Token


@dataclass(frozen=True)
class Reading:
    """One reply being read for one question."""

    tokens: Sequence[Token]
    phrases: Phrases
    labels: Labels
    texts: Texts

    def text(self, place: int) -> str:
        """Return the folded text of a token, "" before the first; behind the last one a line ends."""
        if place < 0:
            return ""
        return self.tokens[place].text if place < len(self.tokens) else LINE_END

    def has(self, place: int, *kinds: str) -> bool:
        """Tell whether a phrase of one of the kinds begins at a token."""
        found = self.phrases.at(place)
        return bool(found) and not found.keys().isdisjoint(kinds)

    def behind(self, place: int, signs: frozenset[str]) -> int:
        """Return the first token from `place` on that is none of the signs."""
        while place < len(self.tokens) and self.tokens[place].text in signs:
            place += 1
        return place

    def clause_ends(self, place: int) -> bool:
        """Tell whether a line or sentence, or a part of one between commas, ends before a token."""
        return self.text(place) in SENTENCE_ENDS or self.text(place) in COMMAS or self.text(place) in ":)"
