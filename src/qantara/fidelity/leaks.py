"""Rules on what a model says about its work instead of the translation: preambles, refusals, answers, tags of the prompt.

Phrases are data (`lexicons/leaks.tsv`). A phrase that stands in the source too was translated, and is fine.
"""

from collections.abc import Iterable
from functools import cache

from qantara.fidelity.folding import fold_with_places
from qantara.fidelity.lexicon import rows
from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair

_TAG_SIGNS = ("<", "[", "`")
_QUOTES = "\"'*# «"


@rule("leaks.preamble", severity="fail", why="The model talks about its translation.")
def preamble(pair: TextPair) -> Iterable[Match]:
    """Find phrases such as "here is the translation"."""
    return _found(pair, "preamble", "the model talks about its translation")


@rule("leaks.refusal", severity="fail", why="The model refuses, or speaks of itself.")
def refusal(pair: TextPair) -> Iterable[Match]:
    """Find phrases such as "as an AI model"."""
    return _found(pair, "refusal", "the model refuses or speaks of itself")


@rule("leaks.answer", severity="fail", why="The model answered the question instead of translating it.")
def answer(pair: TextPair) -> Iterable[Match]:
    """Find phrases such as "the right answer is" that the source has not."""
    return _found(pair, "answer", "the model answers instead of translating")


@rule("leaks.tag", severity="fail", why="A tag or label of the prompt is in the text.")
def tag(pair: TextPair) -> Iterable[Match]:
    """Find tags and labels of prompts and chat templates."""
    yield from _found(pair, "tag", "a label of the prompt is in the text")
    text = pair.target_reading.text
    if not any(sign in text for sign in _TAG_SIGNS):
        return
    for phrase in _tags():
        place = text.find(phrase)
        if place >= 0 and phrase not in pair.source_reading.text:
            yield Match("a tag of the prompt is in the text", None, (place, place + len(phrase)), got=phrase)


def _found(pair: TextPair, kind: str, message: str) -> Iterable[Match]:
    """Yield the phrases of a kind; a word cue is a hit only if the whole phrase, punctuation included, stands there."""
    reading = pair.target_reading
    if pair.source_reading.cues(f"leak:{kind}"):  # what the source says in such words was translated
        return
    for cue in reading.cues(f"leak:{kind}"):
        place, _, phrase = cue.value.partition(":")
        start = reading.text.find(phrase, max(0, cue.start - 2), cue.end + 4)
        if start < 0 or phrase in pair.source_reading.text or any(sign in phrase for sign in _TAG_SIGNS):
            continue
        if place == "start" and reading.text[:start].strip(_QUOTES):
            continue
        yield Match(message, None, (start, start + len(phrase)), got=phrase)


@cache
def _tags() -> tuple[str, ...]:
    folded = (fold_with_places(row["spelling"]).text for row in rows("leaks") if row["kind"] == "tag")
    return tuple(phrase for phrase in folded if any(sign in phrase for sign in _TAG_SIGNS))


RULES = (preamble, refusal, answer, tag)
