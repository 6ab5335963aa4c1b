"""Rules on the length of a target: text that was dropped, added, repeated or cut off.

Bounds are data (`lexicons/length_bounds.tsv`: quantiles of human translations, by length of the source). A pair of languages
without bounds is not checked. An empty translation is a matter of `structure`.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

from qantara.fidelity.lexicon import rows
from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair
from qantara.languages import ARABIC_COMMA
from qantara.records import Severity

_SENTENCE_END = re.compile("[.!?\u061f][\"'»)\\]]*(?= |$)|\n")
_ENDS_WITHIN = (". ", "? ", "! ", "\u061f ", "\n")
_FINAL_MARKS = ".!?\u061f:;\u061b…\"'»)]”’"
_LEAST_WORDS_OF_A_LOOP = 12
_LOOP_SHARE = 0.5
_LEAST_REPEATS = 4
_LEAST_WORDS_OF_A_SENTENCE = 2
_LEAST_CUT_CHARACTERS = 40


def _ratio(pair: TextPair) -> tuple[float, tuple[float, ...]]:
    num_source, num_target = len(pair.source_reading.text.strip()), len(pair.target_reading.text.strip())
    bounds = bounds_of(num_source, pair.source_language, pair.target_language)
    if not num_source or not num_target or not bounds:
        return 1.0, ()
    return num_target / num_source, bounds


@rule("length.short", severity="fail", why="Something was left out.")
def short(pair: TextPair) -> Iterable[Match]:
    """Find targets that are shorter than people write: outside 99 % of human translations a warning, far outside a fail."""
    ratio, bounds = _ratio(pair)
    if bounds and ratio < bounds[1]:
        severity: Severity = "fail" if ratio < bounds[0] else "warn"
        message = f"the translation has {ratio:.2f} times the characters of the source: was something left out?"
        yield Match(message, expected=f"at least {bounds[1]}", got=f"{ratio:.2f}", severity=severity)


@rule("length.long", severity="fail", why="Something was added or repeated.")
def long(pair: TextPair) -> Iterable[Match]:
    """Find targets that are longer than people write."""
    ratio, bounds = _ratio(pair)
    if bounds and ratio > bounds[2]:
        severity: Severity = "fail" if ratio > bounds[3] else "warn"
        if severity == "warn" and _is_abbreviation(pair.source):
            return
        message = (
            f"the translation has {ratio:.2f} times the characters of the source: was something added or repeated?"
        )
        yield Match(message, expected=f"at most {bounds[2]}", got=f"{ratio:.2f}", severity=severity)


def _is_abbreviation(text: str) -> bool:
    """Tell whether a text is one abbreviation, whose translation is often written out."""
    return len(text.split()) == 1 and sum(map(str.isupper, text)) >= 2


@rule(
    "length.sentences",
    severity="warn",
    why="A sentence was dropped: what is left is fluent, and shorter than it should be.",
)
def sentences(pair: TextPair) -> Iterable[Match]:
    """Find targets with fewer sentences than the source, when they are also shorter than the median translation."""
    if _num_ends(pair.target_reading.text) >= _num_ends(pair.source_reading.text):
        return
    ours, theirs = num_sentences(pair.source_reading.text), num_sentences(pair.target_reading.text)
    if theirs >= ours or ours < 2:
        return
    ratio, bounds = _ratio(pair)
    if bounds and ratio < bounds[4]:
        message = f"{ours} sentences became {theirs}, and the text is shorter than usual: was a sentence dropped?"
        yield Match(message, expected=str(ours), got=str(theirs))


def _num_ends(text: str) -> int:
    """Return about how many sentences end within a text: enough to tell that none was dropped."""
    return sum(map(text.count, _ENDS_WITHIN))


def num_sentences(text: str) -> int:
    """Return how many sentences of two words or more a folded text has."""
    return sum(len(piece.split()) >= _LEAST_WORDS_OF_A_SENTENCE for piece in _SENTENCE_END.split(text))


@rule("length.cut_off", severity="warn", why="The text ends in the middle of a sentence: the token limit was reached.")
def cut_off(pair: TextPair) -> Iterable[Match]:
    """Find targets that end on a comma, or on a word that must be followed, where the source ends its sentence."""
    source, target = pair.source_reading.text.rstrip(), pair.target_reading.text.rstrip()
    if (
        len(source) < _LEAST_CUT_CHARACTERS
        or not target
        or source[-1] not in _FINAL_MARKS
        or not pair.target_reading.tokens
    ):
        return
    last = pair.target_reading.tokens[-1]
    ends_on_comma = target[-1] in (",", ARABIC_COMMA, "-")
    if ends_on_comma or (target.endswith(last) and last in _open_words(pair.target_language)):
        start = pair.target_reading.starts[-1]
        yield Match("the text ends in the middle of a sentence", None, (start, start + len(last)), got=last)


@cache
def _open_words(code: str) -> frozenset[str]:
    return frozenset(
        row["spelling"] for row in rows("function_words") if row["language"] == code and row["open"] == "yes"
    )


@rule("length.loop", severity="fail", why="The model repeats itself.")
def loop(pair: TextPair) -> Iterable[Match]:
    """Find three words that come again and again in the target, and do not in the source."""
    tokens = pair.target_reading.tokens
    if len(tokens) < _LEAST_WORDS_OF_A_LOOP or len(set(tokens)) > 0.7 * len(tokens):
        return
    phrase, count = _most_repeated(tokens)
    if (
        count >= _LEAST_REPEATS
        and 3 * count > _LOOP_SHARE * len(tokens)
        and _most_repeated(pair.source_reading.tokens)[1] < count
    ):
        message = f"the same words come {count} times"
        yield Match(message, None, (0, len(pair.target_reading.text)), got=" ".join(phrase))


def _most_repeated(tokens: Iterable[str]) -> tuple[tuple[str, ...], int]:
    words = list(tokens)
    counts = Counter(zip(words, words[1:], words[2:], strict=False))
    return max(counts.items(), key=lambda item: item[1], default=((), 0))


@cache
def _bounds(source_language: str, target_language: str) -> tuple[tuple[int, tuple[float, ...]], ...]:
    names = ("fail_below", "warn_below", "warn_above", "fail_above", "median")
    return tuple(
        (int(row["from_characters"]), tuple(float(row[name]) for name in names))
        for row in rows("length_bounds")
        if (row["source"], row["target"]) == (source_language, target_language)
    )


def bounds_of(num_characters: int, source_language: str, target_language: str) -> tuple[float, ...]:
    """Return the ratios (fail below, warn below, warn above, fail above, median) for a length of source; () if there are none."""
    reached = [bounds for least, bounds in _bounds(source_language, target_language) if least <= num_characters]
    return reached[-1] if reached else ()


RULES = (short, long, sentences, cut_off, loop)
