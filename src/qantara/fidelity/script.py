"""Rules on the letters of a target: its script, text left in the source language, foreign letters, invisible marks, broken text.

Names in the source's script (drugs, organisms, abbreviations) are normal inside a translation, so only running words count.
Two languages of one script are told apart by their function words (`lexicons/function_words.tsv`).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

from qantara.fidelity.letters import num_running, place_of_run, script_of_letter, share_of_script
from qantara.fidelity.lexicon import rows
from qantara.fidelity.reading import Reading
from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair
from qantara.languages import INVISIBLE, language
from qantara.records import Severity

_LEAST_RUN_WORDS = 4
_LEAST_RUN_WITH_FUNCTION_WORDS = 2
_LEAST_FUNCTION_WORDS = 3
_LEAST_SHARE = 0.5
_ALWAYS_FINE = frozenset(
    {"LATIN", "GREEK", "MICRO", "MODIFIER", "FEMININE", "MASCULINE", "SUPERSCRIPT", "COMBINING", ""}
)
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\n|&(?:#\d+|[a-z]{2,6});")
_MOJIBAKE = re.compile(
    "(?:[\u00c2\u00c3\u00d8\u00d9\u00e2][\u0080-\u00bf\u0152-\u2122]){2,}|[\u00c2\u00c3][\u0080-\u00bf]|\ufffd"
)
_MOJIBAKE_SIGNS = frozenset("\u00c2\u00c3\u00d8\u00d9\u00e2\ufffd")
_INVISIBLE_MARKS = frozenset(chr(code) for code in range(0x200B, 0x2070)) | {"\u061c", "\ufeff"}
_BINOMIAL = re.compile(r"[A-Z](?:[a-z]+|\.) [a-z]+")
_FORMS = frozenset({"<initial>", "<medial>", "<final>", "<isolated>"})


def _same_script(pair: TextPair) -> bool:
    return language(pair.source_language).script == language(pair.target_language).script


@cache
def function_words(code: str) -> frozenset[str]:
    """Return the folded function words of a language (articles, prepositions, auxiliaries)."""
    return frozenset(row["spelling"] for row in rows("function_words") if row["language"] == code)


@rule("script.untranslated", severity="fail", why="The target is the source: nothing was translated.")
def untranslated(pair: TextPair) -> Iterable[Match]:
    """Find copies; a lone name or an organism's two-part name may stay, abbreviations and numbers are fine."""
    if not pair.target.strip() or not pair.is_copy:
        return
    reading = pair.target_reading
    num_words = max((num_running(reading, run, pair.source_language) for run in pair.source_runs), default=0)
    whole = (0, len(reading.text))
    if num_words > 1 and not _BINOMIAL.fullmatch(INVISIBLE.sub("", pair.target).strip(" .")):
        yield Match("the translation is a copy of the source", (0, len(pair.source_reading.text)), whole)
    elif num_words:
        message = "the translation is a copy of the source; is it a name that stays?"
        severity: Severity = "info" if _same_script(pair) else "warn"
        yield Match(message, (0, len(pair.source_reading.text)), whole, severity=severity)


@rule("script.left_in_source", severity="fail", why="Part of the text was left in the source language.")
def left_in_source(pair: TextPair) -> Iterable[Match]:
    """Find runs of words of the source language: four words, or three with a function word of it among them."""
    if not pair.target.strip() or pair.is_copy:
        return
    if _same_script(pair):
        yield from _left_in_same_script(pair)
        return
    reading, ours = pair.target_reading, function_words(pair.source_language)
    for run in pair.source_runs:
        num_words = num_running(reading, run, pair.source_language)
        words = reading.tokens[run[0] : run[1] + 1]
        if _is_gloss(reading, place_of_run(reading, run)):
            continue
        has_function_word = len(ours.intersection(words)) > 0
        is_title = reading.quote(*place_of_run(reading, run)).istitle()
        if (num_words >= _LEAST_RUN_WORDS and not is_title) or (
            has_function_word and not is_title and num_words >= _LEAST_RUN_WITH_FUNCTION_WORDS
        ):
            yield Match("words are left in the source language", None, place_of_run(reading, run), got=" ".join(words))


def _is_gloss(reading: Reading, place: tuple[int, int]) -> bool:
    """Tell whether words stand in brackets of their own: the source's term given after its translation."""
    return reading.text[: place[0]].rstrip()[-1:] in ("(", "[") and reading.text[place[1] :].lstrip()[:1] in (
        ")",
        "]",
        ",",
    )


def _left_in_same_script(pair: TextPair) -> Iterable[Match]:
    """Find words that only the source's language has: three of them, or one within three words copied from the source."""
    ours = function_words(pair.source_language) - function_words(pair.target_language)
    reading = pair.target_reading
    places = [i for i, token in enumerate(reading.tokens) if token in ours]
    if not places:
        return
    if len(places) < _LEAST_FUNCTION_WORDS:
        copied = _copied(pair.source_reading.tokens, reading.tokens)
        places = [i for i in places if i in copied]
        if not places:
            return
    yield Match("words are left in the source language", None, place_of_run(reading, (places[0], places[-1])))


def _copied(source: Sequence[str], target: Sequence[str]) -> set[int]:
    """Return the numbers of the target's tokens that stand within three words in a row of the source."""
    rows_of_three = set(zip(source, source[1:], source[2:], strict=False))
    found: set[int] = set()
    for i, three in enumerate(zip(target, target[1:], target[2:], strict=False)):
        if three in rows_of_three:
            found |= {i, i + 1, i + 2}
    return found


@rule("script.wrong", severity="fail", why="The target is not written in its language's script.")
def wrong(pair: TextPair) -> Iterable[Match]:
    """Find texts of which less than half of the letters are of the language's script; a fail when hardly any is."""
    if _same_script(pair) or not pair.target.strip() or pair.is_copy:
        return
    runs = pair.source_runs
    num_words = max((num_running(pair.target_reading, run, pair.source_language) for run in runs), default=0)
    if not num_words:
        return
    share = share_of_script(pair.target_reading, language(pair.target_language).script)
    if share < _LEAST_SHARE:
        message = f"only {share:.0%} of the letters are {language(pair.target_language).name}"
        severity: Severity = "fail" if share == 0 and num_words > 1 else "warn"
        yield Match(message, None, (0, len(pair.target_reading.text)), severity=severity)


@rule("script.other", severity="fail", why="Letters of a third script: a model slipped into another language.")
def other(pair: TextPair) -> Iterable[Match]:
    """Find letters that belong neither to the target's script nor to one that the source uses; Latin and Greek are fine."""
    scripts = {character: script_of_letter(character) for character in pair.target_characters}
    odd = set(scripts.values()) - _ALWAYS_FINE - {language(pair.target_language).script}
    if not odd:
        return
    odd -= {script_of_letter(character) for character in set(pair.source)}
    found = [i for i, character in enumerate(pair.target) if scripts.get(character, "") in odd]
    if found:
        letters = "".join(dict.fromkeys(pair.target[i] for i in found))[:5]
        yield Match(f"letters of another script: {letters}", None, _original(pair, found[0], found[0] + 1), got=letters)


@rule(
    "script.foreign_letters",
    severity="warn",
    why="Letters of a sister language (Persian for Arabic): the wrong model speaking.",
)
def foreign_letters(pair: TextPair) -> Iterable[Match]:
    """Find letters of the script that the language does not have."""
    wanted = language(pair.target_language)
    found = sorted(pair.target_characters.intersection(wanted.foreign_letters))
    if found:
        place = pair.target.index(found[0])
        letters = " ".join(found)
        yield Match(
            f"letters that {wanted.name} does not have: {letters}", None, _original(pair, place, place + 1), got=letters
        )


@rule(
    "script.presentation_forms",
    severity="warn",
    why="Presentation forms instead of letters: text taken from a page's picture.",
)
def presentation_forms(pair: TextPair) -> Iterable[Match]:
    """Find letters that Unicode keeps for the looks of old fonts; searching and reading aloud fail on them."""
    found = sorted(filter(_is_form, pair.target_characters))
    if found:
        place = pair.target.index(found[0])
        yield Match(
            "presentation forms instead of letters", None, _original(pair, place, place + 1), got=" ".join(found[:5])
        )


@cache
def _is_form(character: str) -> bool:
    return unicodedata.decomposition(character).split(" ", 1)[0] in _FORMS


@rule("script.invisible", severity="info", why="Invisible marks change how a text is shown, not what it says.")
def invisible(pair: TextPair) -> Iterable[Match]:
    """Find invisible characters beyond those of the source."""
    if pair.target_characters.isdisjoint(_INVISIBLE_MARKS):
        return
    marks = INVISIBLE.findall(pair.target)
    if len(marks) > len(INVISIBLE.findall(pair.source)):
        names = ", ".join(sorted({f"U+{ord(mark):04X}" for mark in marks}))
        yield Match(f"invisible characters in the text: {names}", got=names)


@rule("script.escape", severity="fail", why="An escape stands in the text instead of its character.")
def escape(pair: TextPair) -> Iterable[Match]:
    """Find literal escapes that the source does not have."""
    if "\\" not in pair.target and "&" not in pair.target:
        return
    found = _ESCAPE.search(pair.target)
    if found and found[0] not in pair.source:
        yield Match(
            "an escape stands in the text instead of its character", None, _original(pair, *found.span()), got=found[0]
        )


@rule("script.mojibake", severity="fail", why="Text that was read in a wrong encoding.")
def mojibake(pair: TextPair) -> Iterable[Match]:
    """Find what UTF-8 looks like when it is read as Windows-1252, and replacement characters."""
    if pair.target_characters.isdisjoint(_MOJIBAKE_SIGNS):
        return
    found = _MOJIBAKE.search(pair.target)
    if found and found[0] not in pair.source:
        yield Match("text in a wrong encoding", None, _original(pair, *found.span()))


def _original(pair: TextPair, start: int, end: int) -> tuple[int, int]:
    folded = pair.target_reading.folded
    return folded.place_of(start), max(folded.place_of(end), folded.place_of(start) + 1)


RULES = (
    untranslated,
    left_in_source,
    wrong,
    other,
    foreign_letters,
    presentation_forms,
    invisible,
    escape,
    mojibake,
)
