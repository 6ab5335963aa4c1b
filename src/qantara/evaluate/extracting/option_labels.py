"""Knows the labels of a question's options, and the labels of other sets that a reply may use instead, by position.

Asked for Arabic letters a model may well answer "B", asked for A to D it may answer in Arabic letters: both are taken by
position, and told apart. A digit for a lettered option is taken only where the reply says that it names an option ("option 2").
Where a label may stand is decided in `answer_groups`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from qantara.evaluate.extracting.answer_phrases import ORDINALS
from qantara.evaluate.extracting.reply_text import Token
from qantara.languages import LANGUAGES, fold


@dataclass(frozen=True, slots=True)
class Label:
    """An option named by its label: position, and whether the label is of another set than the question's."""

    index: int
    is_other: bool


class Labels:
    """The labels of one question; letters of either case are one label, as are the spellings that `languages.fold` makes equal."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._own = {fold(label): Label(i, False) for i, label in enumerate(labels)}
        if len(self._own) != len(labels):
            raise ValueError("two labels are the same when folded")
        self._others: dict[str, Label] = {}
        for language in LANGUAGES.values():
            for i, letter in enumerate(language.option_letters[: len(labels)]):
                self._others.setdefault(fold(letter), Label(i, True))
        self._numbers = {str(i + 1): Label(i, True) for i in range(len(labels))}

    def at(self, token: Token) -> Label | None:
        """Return the option that a token names by a letter or by the question's own digits; None if it names none."""
        own = self._own.get(token.text)
        if own is not None:
            return own
        other = self._others.get(token.text)
        return other if other and (token.is_upper or not token.text.isascii()) else None

    def numbered(self, token: Token, phrases: dict[str, int]) -> Label | None:
        """Return the option that a token numbers, by digit or ordinal; right only next to a word like "option"."""
        if token.text in self._numbers:
            return self._own.get(token.text, self._numbers[token.text])
        for i, ordinal in enumerate(ORDINALS[: len(self._own)]):
            if ordinal in phrases:
                return Label(i, True)
        return None
