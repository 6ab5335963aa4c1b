"""Finds the texts of a question's options among a reply's tokens: folded, whole words, signs of numbers kept (9.3 is not 93).

Hyphens between letters, quotes, commas, full stops and a leading article don't matter. No part of a text is a match.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from qantara.evaluate.extracting.answer_phrases import Phrases
from qantara.evaluate.extracting.reply_text import DASHES, LINE_END, Token, tokenize

_SIGNS = frozenset("%+<>=\u2264\u2265\u00b1\u00d7\u00b0/")
_LONGEST_GAP = 2  # signs between two words of a text that don't count


@dataclass(frozen=True, slots=True)
class Text:
    """An option's text in a reply: `index` is None for a text that two options share, `end` the token behind it."""

    index: int | None
    end: int


class Texts:
    """The option texts of one question, looked up in one reply."""

    def __init__(self, options: Sequence[str] | None, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._texts: dict[str, list[tuple[tuple[str, ...], int | None]]] = {}
        owners: dict[tuple[str, ...], list[int]] = {}
        for i, option in enumerate(options or ()):
            option_tokens = tokenize(option)
            begin = _behind_articles(option_tokens, 0, Phrases(option_tokens))
            words = tuple(option_tokens[k].text for k in range(begin, len(option_tokens)) if _counts(option_tokens, k))
            if words:
                owners.setdefault(words, []).append(i)
        for words, indexes in sorted(owners.items(), key=lambda owner: -len(owner[0])):
            entry = (words, indexes[0] if len(indexes) == 1 else None)
            self._texts.setdefault(words[0], []).append(entry)

    def __bool__(self) -> bool:
        return bool(self._texts)

    def at(self, place: int, phrases: Phrases) -> Text | None:
        """Return the longest option text that begins at a token, an article before it or not."""
        first = self._tokens[place].text if place < len(self._tokens) else LINE_END
        if not self._texts or (first not in self._texts and first != "'" and "article" not in phrases.at(place)):
            return None
        behind = _behind_articles(self._tokens, place, phrases)
        return self._exactly_at(place) or (self._exactly_at(behind) if behind > place else None)

    def _exactly_at(self, place: int) -> Text | None:
        if place >= len(self._tokens) or not _counts(self._tokens, place):
            return None
        for words, index in self._texts.get(self._tokens[place].text, ()):
            end = self._end_of(words, place)
            if end is not None:
                return Text(index, end)
        return None

    def _end_of(self, words: tuple[str, ...], place: int) -> int | None:
        """Return the token behind the words if they stand at a token, nothing but signs that don't count between them."""
        matched = skipped = 0
        while matched < len(words):
            if place >= len(self._tokens) or skipped > _LONGEST_GAP or self._tokens[place].text == LINE_END:
                return None
            if not _counts(self._tokens, place):
                skipped += 1
            elif self._tokens[place].text == words[matched]:
                matched, skipped = matched + 1, 0
            else:
                return None
            place += 1
        return None if self._goes_on(place) else place

    def _goes_on(self, place: int) -> bool:
        """Tell whether what stands at a token touches the number or word before it, so that the text is another one."""
        if place >= len(self._tokens):
            return False
        token = self._tokens[place]
        if token.text in _SIGNS:
            return _counts(self._tokens, place) and token.text != ">"
        touches = not token.spaced and token.kind in ("word", "number")
        joined = token.text in DASHES and not token.spaced and place + 1 < len(self._tokens)
        return touches or (joined and not self._tokens[place + 1].spaced and self._tokens[place + 1].kind != "sign")


def _counts(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether a token is part of a text: a word, a number, or a sign that changes what a number means."""
    token = tokens[place]
    if token.kind != "sign":
        return token.kind != "line"
    if token.text in DASHES:  # a minus, not a hyphen
        follows = place + 1 < len(tokens) and tokens[place + 1].kind == "number" and not tokens[place + 1].spaced
        return follows and (place == 0 or token.spaced)
    return token.text in _SIGNS


def _behind_articles(tokens: Sequence[Token], place: int, phrases: Phrases) -> int:
    limit = place + 3
    while place < limit and place + 1 < len(tokens) and ("article" in phrases.at(place) or tokens[place].text == "'"):
        place += 1
    return place
