"""Reads the words by which a reply states its answer (`answer_phrases.tsv`) and finds them among a reply's tokens.

A phrase has a kind ("answer", "link", "not", ...: the file's header says what each is for). All languages are looked up together,
because replies mix them. What follows from a phrase is decided in `answer_statements`.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files

from qantara.evaluate.extracting.reply_text import Token, tokenize

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


@cache
def phrase_rows() -> tuple[tuple[str, str, str], ...]:
    """Return the rows of the file: kind, language and spelling as written."""
    text = (files("qantara.evaluate.extracting") / "answer_phrases.tsv").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return tuple((kind, language, spelling) for kind, language, spelling in lines[1:])


@cache
def json_keys() -> frozenset[str]:
    """Return the keys that hold the answer in a JSON reply, in lower case."""
    return frozenset(spelling.casefold() for kind, _, spelling in phrase_rows() if kind == "key")


def is_and(word: str) -> bool:
    """Tell whether a word joins what is listed."""
    return any(kind == "and" and words == (word,) for kind, words in _phrases().get(word, ()))


class Phrases:
    """The phrases that begin at each token of a reply; looked up once a token."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._seen: dict[int, dict[str, int]] = {}

    def at(self, place: int) -> dict[str, int]:
        """Return the kinds of phrase that begin at a token, each with the length in tokens of its longest spelling."""
        found = self._seen.get(place)
        if found is None:
            found = self._seen[place] = self._find(place) if 0 <= place < len(self._tokens) else {}
        return found

    def _find(self, place: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for kind, words in _beginning_with(self._tokens[place].text):
            if len(words) > found.get(kind, 0) and self._stands(words, place):
                found[kind] = len(words)
        return found

    def _stands(self, words: tuple[str, ...], place: int) -> bool:
        return all(
            place + i < len(self._tokens) and self._tokens[place + i].text == words[i] for i in range(1, len(words))
        )


@cache
def _phrases() -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for kind, _, spelling in phrase_rows():
        if kind not in ("key", "clitic"):
            words = tuple(token.text for token in tokenize(spelling))
            found.setdefault(words[0], []).append((kind, words))
    return found


@cache
def _clitics() -> frozenset[str]:
    return frozenset(spelling for kind, _, spelling in phrase_rows() if kind == "clitic")


@lru_cache(maxsize=65536)
def _beginning_with(word: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the phrases that begin with a word as it is, or without the clitic in front if only so it is known."""
    if word not in _phrases() and len(word) > 2 and word[0] in _clitics():
        word = word[1:]
    return _phrases().get(word, [])
