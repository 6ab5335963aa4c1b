"""Checks the letters of a translation: its script, text left in the source language, foreign letters, invisible marks, broken text.

Names in the source's script (drugs, organisms, abbreviations) are normal inside a translation, so only running words count.
"""

import re
import unicodedata
from collections.abc import Iterable

from qantara.fidelity.text_pair import TextPair
from qantara.fidelity.units import is_unit
from qantara.languages import INVISIBLE, fold, language, looks_like, script_of, script_shares
from qantara.records import Finding

_LEAST_RUN_WORDS = 4
_LEAST_WORD_LETTERS = 2
_LEAST_SHARE = 0.5
_ALWAYS_FINE = frozenset({"LATIN", "GREEK", "MICRO", "MODIFIER", "FEMININE", "MASCULINE", "SUPERSCRIPT", "COMBINING"})
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\n|&(?:#\d+|[a-z]{2,6});")
_MOJIBAKE = re.compile("(?:[\u00c2\u00c3\u00d8\u00d9\u00e2][\u0080-\u00bf\u0152-\u2122]){2,}|\ufffd")
_WORD = re.compile(r"[^\W\d_]+")
_BINOMIAL = re.compile(r"[A-Z](?:[a-z]+|\.) [a-z]+")


def script_findings(pair: TextPair) -> list[Finding]:
    """Return what is wrong with the letters of a translation."""
    if not pair.target.strip():
        return []
    return [*_language_findings(pair), *_letter_findings(pair), *_broken_findings(pair)]


def longest_run(text: str, code: str) -> str:
    """Return the longest run of running words (no abbreviations, no units) of a language's script in `text`, "" if there is none.

    A word of another script, a digit or a sentence's punctuation ends a run; commas and hyphens do not.
    """
    script = language(code).script
    best: list[str] = []
    run: list[str] = []
    for part in re.split(r"[.;:!?\d()\[\]]+", text):
        run = []
        for word in _WORD.findall(part):
            if script_of(word[0]) != script:
                run = []
            elif _is_running_word(word, code):
                run.append(word)
                best = max(best, run[:], key=len)
    return " ".join(best)


def _is_running_word(word: str, code: str) -> bool:
    """Tell words from abbreviations and units: no capital inside, two letters or more, the same in no lexicon of units."""
    return len(word) >= _LEAST_WORD_LETTERS and word[1:] == word[1:].lower() and not is_unit(fold(word), code)


def _language_findings(pair: TextPair) -> Iterable[Finding]:
    same_script = language(pair.source_language).script == language(pair.target_language).script
    words = longest_run(pair.target, pair.source_language)
    num_words = len(words.split())
    if fold(pair.source) == fold(pair.target):
        yield from _identical_findings(pair, num_words)
    elif same_script:
        return
    elif num_words >= _LEAST_RUN_WORDS and not words.istitle():
        yield pair.finding("script.left_in_source", "fail", "words are left in the source language", target_text=words)
    elif not looks_like(pair.target, pair.target_language, _LEAST_SHARE) and num_words:
        share = script_shares(pair.target).get(language(pair.target_language).script, 0.0)
        message = f"only {share:.0%} of the letters are {language(pair.target_language).name}"
        yield pair.finding(
            "script.wrong", "fail" if share == 0 and num_words > 1 else "warn", message, target_text=words
        )


def _identical_findings(pair: TextPair, num_words: int) -> Iterable[Finding]:
    """A copy is a fail, but a lone name or an organism's two-part name may stay; abbreviations and numbers are fine."""
    spans = {"source_text": pair.source, "target_text": pair.target}
    if num_words > 1 and not _BINOMIAL.fullmatch(pair.target.strip(" .")):
        yield pair.finding("script.untranslated", "fail", "the translation is a copy of the source", **spans)
    elif num_words:
        message = "the translation is a copy of the source; is it a name that stays?"
        yield pair.finding("script.untranslated", "warn", message, **spans)


def _letter_findings(pair: TextPair) -> Iterable[Finding]:
    wanted = language(pair.target_language)
    foreign = sorted({character for character in pair.target if character in wanted.foreign_letters})
    if foreign:
        message = f"letters that {wanted.name} does not have: {' '.join(foreign)}"
        yield pair.finding("script.foreign_letters", "warn", message, target_text=" ".join(foreign))
    in_source = {script_of(character) for character in pair.source}
    fine = _ALWAYS_FINE | in_source | {wanted.script, ""}
    others = sorted({character for character in pair.target if script_of(character) not in fine})
    if others:
        message = f"letters of another script: {' '.join(others[:5])}"
        yield pair.finding("script.other", "fail", message, target_text="".join(others[:5]))
    presentation = sorted({character for character in pair.target if _is_presentation_form(character)})
    if presentation:
        message = "presentation forms instead of letters: text taken from a picture of a page?"
        yield pair.finding("script.presentation_forms", "warn", message, target_text=" ".join(presentation[:5]))


def _is_presentation_form(character: str) -> bool:
    form = unicodedata.decomposition(character).split(" ", 1)[0]
    return form in ("<initial>", "<medial>", "<final>", "<isolated>")


def _broken_findings(pair: TextPair) -> Iterable[Finding]:
    invisible = INVISIBLE.findall(pair.target)
    if len(invisible) > len(INVISIBLE.findall(pair.source)):
        names = ", ".join(sorted({f"U+{ord(mark):04X}" for mark in invisible}))
        yield pair.finding("script.invisible", "warn", f"invisible characters in the text: {names}")
    escape = _ESCAPE.search(pair.target)
    if escape and escape[0] not in pair.source:
        yield pair.finding(
            "script.escape", "fail", "an escape stands in the text instead of its character", target_text=escape[0]
        )
    mojibake = _MOJIBAKE.search(pair.target)
    if mojibake and mojibake[0] not in pair.source:
        yield pair.finding("script.mojibake", "fail", "text in a wrong encoding", target_text=mojibake[0])
