"""Recognizes a drug's name that is written in another script in a way that no lexicon has: by its skeleton of consonants.

A word is taken for a drug only when that drug is its nearest neighbor among all names of the lexicon, so that hydroxyzine
written oddly does not pass for hydralazine.
"""

from collections.abc import Iterable
from functools import cache, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from qantara.fidelity.lexicon import rows
from qantara.fidelity.vocabulary import clitics
from qantara.languages import language, script_of

_LEAST_LETTERS = 4
_LEAST_SKELETON = 3
_LEAST_SIMILARITY, _SHORT_SKELETON = 0.8, 4
_SILENT = "-"
_WORDS_KEPT = 1 << 16  # a million texts have more forms of words than memory should hold


@cache
def _classes(script: str) -> tuple[tuple[str, str], ...]:
    found = [(row["spelling"], row["class"]) for row in rows("transliteration") if row["script"] == script]
    return tuple(sorted(found, key=lambda pair: -len(pair[0])))


@lru_cache(maxsize=_WORDS_KEPT)
def skeleton(word: str) -> str:
    """Return the sound classes of a folded word's consonants, doubled ones once; "" for a script that is not known."""
    classes = _classes(script_of(word[:1]))
    made: list[str] = []
    i = 0
    while i < len(word):
        spelling, sound = next((pair for pair in classes if word.startswith(pair[0], i)), (word[i], _SILENT))
        if sound != _SILENT and (not made or made[-1] != sound):
            made.append(sound)
        i += len(spelling)
    return "".join(made)


@cache
def _names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the skeletons of all one-word Latin names and, in the same order, their drugs."""
    found: dict[tuple[str, str], None] = {}
    for row in rows("drugs"):
        if row["language"] == "*" and row["spelling"].isalpha() and len(row["spelling"]) >= _LEAST_LETTERS:
            found.setdefault((skeleton(row["spelling"]), row["drug"]))
    return tuple(name for name, _ in found), tuple(drug for _, drug in found)


def nearest_drugs(word: str, code: str) -> frozenset[str]:
    """Return the drugs whose names a folded word of language `code` may be a transliteration of; none when no name is near."""
    found: set[str] = set()
    for form in word_forms(word, code):
        found |= _nearest(form)
    return frozenset(found)


@lru_cache(maxsize=_WORDS_KEPT)
def _nearest(form: str) -> frozenset[str]:
    ours = skeleton(form)
    if len(form) < _LEAST_LETTERS or len(ours) < _LEAST_SKELETON:
        return frozenset()
    names, drugs = _names()
    near = process.extract(
        ours, names, scorer=Levenshtein.normalized_similarity, limit=8, score_cutoff=_LEAST_SIMILARITY
    )
    best = max((score for _, score, _ in near), default=0.0)
    if len(ours) <= _SHORT_SKELETON and best < 1:  # with few sounds an everyday word is soon near to some drug
        return frozenset()
    return frozenset(drugs[i] for _, score, i in near if score == best)


def word_forms(word: str, code: str) -> Iterable[str]:
    """Yield a folded word with and without the prefixes that it may begin with."""
    yield word
    for prefix in clitics(code):
        if word.startswith(prefix) and len(word) - len(prefix) >= _LEAST_LETTERS:
            yield word[len(prefix) :]


def may_be_transliterated(source_language: str, target_language: str) -> bool:
    """Tell whether names change their script between two languages."""
    return language(source_language).script != language(target_language).script
