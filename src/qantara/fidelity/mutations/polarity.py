"""Faults that turn a statement round: a negation dropped or added, the EXCEPT of a stem dropped.

Which word takes a negation, and what is left of one that is fused with another word, is data (`lexicons/mutation_words.tsv`).
"""

import unicodedata
from collections.abc import Iterator
from functools import cache
from random import Random

from qantara.fidelity.lexicon import rows
from qantara.fidelity.mutations.scene import Edit, Scene, deleted, replaced
from qantara.fidelity.mutations.spellings import without_prefix, words_for
from qantara.fidelity.reading import Reading
from qantara.fidelity.vocabulary import words_of
from qantara.fidelity.word_hits import Cue

_NEGATING = frozenset({"strong", "affix", "weak"})
_COMPANION_TOKENS = 4
_STATEMENT_TOKENS = 14
_SENTENCE_ENDS = frozenset(".!?\u061f\n")


def negation_dropped(scene: Scene, _: Random) -> Iterator[Edit]:
    """Yield the text without each of its sure negations; one that says "only" with what follows is left alone.

    Only where the source negates somewhere, by "not" or a prefix: a translator who wrote "not the same" for "different" lost no
    negation, and dropping that one is another fault.
    """
    if not any(cue.value in _NEGATING for cue in scene.source.cues("negation")):
        return
    for cue in scene.target.cues("negation"):
        if cue.value == "strong" and not _says_only(scene.target, cue):
            edit = _without_negation(scene.target, cue)
            if edit is not None:
                yield edit


def negation_added(scene: Scene, _: Random) -> Iterator[Edit]:
    """Yield the text with a negation at each word that can take one and has none before it."""
    reading = scene.target
    negated = {i for cue in reading.cues("negation") for i in (cue.first_token, cue.last_token, cue.last_token + 1)}
    for i, token in enumerate(reading.tokens):
        if not negated.isdisjoint((i - 1, i, i + 1)):
            continue
        for prefix, rest in without_prefix(reading.language, token):
            start, end = reading.starts[i], reading.starts[i] + len(token)
            plain, other = _added(reading.language).get(rest, ("", ""))
            if other and _bare(reading.quote(start + len(prefix), end)) == plain:  # folded, two words may be one
                yield replaced(reading, start + len(prefix), end, other)
                break


def except_dropped(scene: Scene, _: Random) -> Iterator[Edit]:
    """Yield a question without the word that asks for the exception, if its source has one."""
    cues = [cue for cue in scene.source.cues("stem_operator") if cue.value == "invert"]
    is_stem = scene.kind == "choice" and scene.field == "question"
    if not cues or not (is_stem or any(scene.source.quote(cue.start, cue.end).isupper() for cue in cues)):
        return
    theirs = [cue for cue in scene.target.cues("stem_operator") if cue.value == "invert"]
    if len(theirs) == 1:
        yield _without_operator(scene.target, theirs[0])


def _without_operator(reading: Reading, cue: Cue) -> Edit:
    edit = _plain(reading, cue.first_token, cue.last_token)
    if edit is not None:
        return edit
    inside = [
        each for each in reading.cues("negation") if each.first_token == cue.first_token and each.value == "strong"
    ]
    if inside:
        return _without_negation(reading, inside[0]) or deleted(reading, cue.start, cue.end)
    return deleted(reading, cue.start, cue.end)


def _without_negation(reading: Reading, cue: Cue) -> Edit | None:
    edit = _plain(reading, cue.first_token, cue.last_token)
    for i in range(cue.first_token, cue.last_token + 1):
        edit = edit or _plain(reading, i, i)
    return edit or _deleted_particle(reading, cue)


def _plain(reading: Reading, first: int, last: int) -> Edit | None:
    """Return the edit that puts the plain form in place of tokens that are a negated one, their prefix kept."""
    start, end = reading.starts[first], reading.starts[last] + len(reading.tokens[last])
    later = tuple(reading.tokens[first + 1 : last + 1])
    for prefix, rest in without_prefix(reading.language, reading.tokens[first]):
        other = _dropped(reading.language).get((rest, *later))
        if other:
            return replaced(reading, start + len(prefix), end, other)
    return None


def _deleted_particle(reading: Reading, cue: Cue) -> Edit | None:
    """Return the edit that takes out the one token of a cue that negates by itself, and its companion before it."""
    for i in range(cue.first_token, cue.last_token + 1):
        for prefix, rest in without_prefix(reading.language, reading.tokens[i]):
            if rest in _particles(reading.language):
                start, end = reading.starts[i], reading.starts[i] + len(reading.tokens[i])
                kept = reading.quote(start, start + len(prefix)) if prefix else ""
                return _with_companion(reading, i, deleted(reading, start, end, kept))
    return None


def _with_companion(reading: Reading, i: int, edit: Edit) -> Edit:
    names = words_for(reading.language, "companion")
    before = [n for n in range(max(0, i - _COMPANION_TOKENS), i) if reading.tokens[n] in names]
    if not before:
        return edit
    n = before[-1]
    start, after = reading.starts[n], reading.span(reading.starts[n + 1], reading.starts[n + 1]).start
    first = reading.span(start, start).start
    return Edit(first, edit.end, reading.folded.original[after : edit.start] + edit.after)


def _says_only(reading: Reading, cue: Cue) -> bool:
    names = words_for(reading.language, "only")
    for i in range(cue.last_token + 1, min(cue.last_token + _STATEMENT_TOKENS, len(reading.tokens))):
        if set(reading.gaps[i - 1]) & _SENTENCE_ENDS:
            return False
        if any(rest in names for _, rest in without_prefix(reading.language, reading.tokens[i])):
            return True
    return False


@cache
def _particles(code: str) -> frozenset[str]:
    """Return the words that negate by themselves."""
    spelled = (row["spelling"] for row in rows("negation") if row["language"] == code and row["value"] == "strong")
    return frozenset(text for text in spelled if " " not in text)


@cache
def _dropped(code: str) -> dict[tuple[str, ...], str]:
    """Return what is left of negated words (folded) when they negate no more."""
    return {tuple(words_of(row["changed"])): row["plain"] for row in reversed(_rows(code, "dropped"))}


@cache
def _added(code: str) -> dict[str, tuple[str, str]]:
    """Return for a folded word how it is written, and how when it is negated."""
    return {words_of(row["plain"])[0]: (row["plain"], row["changed"]) for row in _rows(code, "added")}


def _rows(code: str, use: str) -> list[dict[str, str]]:
    return [row for row in rows("mutation_words") if row["language"] == code and row["use"] in ("both", use)]


def _bare(word: str) -> str:
    """Return a word without the marks over its letters that are characters of their own."""
    return "".join(character for character in word if not unicodedata.combining(character))
