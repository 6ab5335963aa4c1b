"""Faults of whole passages: a sentence dropped, the text of another pair, words of the source left in the target."""

import re
from collections.abc import Iterator
from random import Random

from qantara.fidelity.mutations.scene import Edit, Scene

_SENTENCE = re.compile(r"[^\s](?:[^.!?\u061f\n]|[.!?\u061f](?!\s))*(?:[.!?\u061f]+|\n|$)")
_WORD = re.compile(r"\S+")
_LEAST_WORDS_OF_A_SENTENCE = 4
_LEAST_WORDS_OF_A_TEXT = 9
_SPAN_WORDS = (4, 7)
_NUM_OTHERS = 8


def sentence_dropped(scene: Scene, _: Random) -> Iterator[Edit]:
    """Yield the text without each of its sentences that is long enough to say something."""
    sentences = list(_SENTENCE.finditer(scene.text))
    if len(sentences) < 2:
        return
    for match in sentences:
        if len(match[0].split()) < _LEAST_WORDS_OF_A_SENTENCE:
            continue
        end = match.end()
        while scene.text[end : end + 1].isspace():
            end += 1
        start = match.start()
        if end == len(scene.text):
            start, end = len(scene.text[:start].rstrip()), match.end()
        yield Edit(start, end, "")


def other_sentence(scene: Scene, random: Random) -> Iterator[Edit]:
    """Yield another pair's text in place of a whole one that is no option, of a few drawn the one most like it in length."""
    if scene.field.startswith("options/"):
        return
    others = [text for text in scene.others if text and text != scene.text]
    if others:
        drawn = random.sample(others, min(_NUM_OTHERS, len(others)))
        yield Edit(0, len(scene.text), min(drawn, key=lambda text: abs(len(text) - len(scene.text))))


def untranslated_span(scene: Scene, random: Random) -> Iterator[Edit]:
    """Yield the text with some words of the source in the place that they should have been translated in."""
    source = list(_WORD.finditer(scene.source.folded.original))
    target = list(_WORD.finditer(scene.text))
    if min(len(source), len(target)) < _LEAST_WORDS_OF_A_TEXT:
        return
    count = random.randint(*_SPAN_WORDS)
    for first in range(len(source) - count + 1):
        words = [match[0] for match in source[first : first + count]]
        start = round(first * len(target) / len(source))
        end = max(start + 2, round((first + count) * len(target) / len(source)))
        place = (target[start].start(), target[min(end, len(target)) - 1].end()) if start < len(target) else (0, 0)
        covered = scene.text[slice(*place)]
        has_digits = any(character.isdecimal() for character in covered + "".join(words))
        if all(any(map(str.isalpha, word)) for word in words) and covered and not has_digits:
            yield Edit(*place, " ".join(words))
