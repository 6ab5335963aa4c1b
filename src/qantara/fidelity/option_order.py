"""Rules on what options say as a set: two that changed places, "all of the above" that became another thing.

Options are told apart by their facts (numbers, drugs, opposites, letters of the source's script); options in plain words are told
apart by meaning, which is for `meaning`.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from qantara.fidelity.reading import Reading, read
from qantara.fidelity.rule import RecordMatch, record_rule
from qantara.fidelity.transliteration import skeleton, word_forms
from qantara.languages import language, script_of
from qantara.records import Choice, Example, Severity

Facts = frozenset[str]
_PHRASE = "option_phrase"
_SOUND_WEIGHT, _LEAST_SOUND, _LEAST_LETTERS = 0.5, 0.75, 4


@record_rule("options.swapped", applies_to="choice", why="Two options changed places: the key names the wrong one.")
def swapped(source: Example, target: Example) -> Iterable[RecordMatch]:
    """Find two options of which each has the facts of the other."""
    if not isinstance(source, Choice) or not isinstance(target, Choice) or len(source.options) != len(target.options):
        return
    ours, theirs = readings(source), readings(target)
    before, after = _comparable(ours, theirs, (source.language, target.language))
    for i, j in combinations(range(len(before)), 2):
        if before[i] != before[j] and after[i] == before[j] and after[j] == before[i] and after[i] != after[j]:
            message = f"options {i + 1} and {j + 1} changed places"
            yield RecordMatch(
                f"options/{i}", message, source.options[i], target.options[i], source.options[i], target.options[j]
            )


def readings(example: Choice) -> Sequence[Reading]:
    """Return what each option says."""
    return [read(option, example.language) for option in example.options]


def facts(reading: Reading) -> Facts:
    """Return the facts of an option that do not depend on its language."""
    found = {
        f"{quantity.value.normalize()} {quantity.unit.name}" for quantity in reading.quantities if not quantity.is_name
    }
    for kind in ("drug", "antonym", "route", _PHRASE):
        found |= {f"{kind} {value}" for value in reading.values(kind)}
    return frozenset(found)


def _comparable(
    ours: Sequence[Reading], theirs: Sequence[Reading], languages: tuple[str, str]
) -> tuple[list[Facts], list[Facts]]:
    """Return the facts of both sides' options, with the words that stay as they are where both sides have them somewhere."""
    here, there = [_verbatim(a, *languages) for a in ours], [_verbatim(b, *languages) for b in theirs]
    shared = Facts().union(*here) & Facts().union(*there)
    before = [facts(a) | (words & shared) for a, words in zip(ours, here, strict=True)]
    after = [facts(b) | (words & shared) for b, words in zip(theirs, there, strict=True)]
    return before, after


def _verbatim(reading: Reading, source_language: str, target_language: str) -> Facts:
    """Return the words that stay as they are in a target of another script: abbreviations, names, formulas."""
    script = language(source_language).script
    if language(target_language).script == script:
        return frozenset()
    return frozenset(token for token in reading.tokens if token[0].isalpha() and script_of(token[0]) == script)


@record_rule(
    "options.phrase",
    applies_to="choice",
    why='"All of the above" became "none of the above", or any other option.',
)
def phrase(source: Example, target: Example) -> Iterable[RecordMatch]:
    """Find options that speak of the other options and do not say the same in the target."""
    if not isinstance(source, Choice) or not isinstance(target, Choice) or len(source.options) != len(target.options):
        return
    for i, (before, after) in enumerate(zip(source.options, target.options, strict=True)):
        ours = _whole_phrases(read(before, source.language))
        if not ours:
            continue
        theirs = _whole_phrases(read(after, target.language))
        if set(ours) & set(theirs):
            continue
        message = f'"{before}" is not said as such in the translation'
        severity: Severity = "fail" if theirs else "warn"
        yield RecordMatch(f"options/{i}", message, before, after, ours[0], theirs[0] if theirs else "", severity)


def likeness(texts: Sequence[tuple[str, str]], languages: tuple[str, str]) -> NDArray[np.float32]:
    """Return how alike each source option i and target option j are by facts and by sound, 0..1.5, as a matrix.

    Facts weigh 1 (the share of facts in common), words that sound alike 0.5 (names written in another script).
    """
    ours = [read(a, languages[0]) for a, _ in texts]
    theirs = [read(b, languages[1]) for _, b in texts]
    before, after = _comparable(ours, theirs, languages)
    sounds = ([_sounds(a, languages[0]) for a in ours], [_sounds(b, languages[1]) for b in theirs])
    fit = np.zeros((len(texts), len(texts)), dtype=np.float32)
    for i, j in np.ndindex(fit.shape):
        common = len(before[i] & after[j]) / max(1, len(before[i] | after[j]))
        fit[i, j] = common + _SOUND_WEIGHT * _sound_alike(sounds[0][i], sounds[1][j])
    return fit


def _sounds(reading: Reading, code: str) -> list[list[str]]:
    """Return for each longer word the consonant skeletons that it can have, with and without prefixes."""
    found = []
    for token in reading.tokens:
        if token[0].isalpha() and len(token) >= _LEAST_LETTERS:
            found.append([bones for form in word_forms(token, code) if len(bones := skeleton(form)) > 1])
    return [bones for bones in found if bones]


def _sound_alike(ours: list[list[str]], theirs: list[list[str]]) -> float:
    """Return the mean over source words of the best similarity to a target word; one under the threshold counts as 0."""
    if not ours:
        return 0.0
    total = 0.0
    for word in ours:
        best = max(
            (Levenshtein.normalized_similarity(a, b) for a in word for other in theirs for b in other), default=0.0
        )
        total += best if best >= _LEAST_SOUND else 0.0
    return total / len(ours)


def _whole_phrases(reading: Reading) -> list[str]:
    """Return what an option says as a whole; "none" within a longer option is a word like any other."""
    last = len(reading.tokens) - 1
    return [cue.value for cue in reading.cues(_PHRASE) if cue.first_token == 0 and cue.last_token == last]


RULES = (swapped, phrase)
