"""Finds what does not belong into a talk: the examination that it was made from, and a model that talks of itself.

Phrases of the examination are data (`exam_frame.tsv`); a model's refusals and preambles are those of `fidelity`.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

from qantara.fidelity import leaks
from qantara.fidelity.text_pair import TextPair
from qantara.languages import fold, language
from qantara.records import Turn
from qantara.synthesize.tags import Fault

_LETTER = "{letter}"


def frame_faults(turns: Sequence[Turn], codes: Sequence[str]) -> Iterator[Fault]:
    """Yield a fault for each turn that shows the examination, and for each in which a model refuses or talks of itself."""
    for number, turn in enumerate(turns, start=1):
        folded = fold(turn.text)
        if any(phrase in folded for phrase in _phrases()) or _letters().search(turn.text):
            yield Fault("frame.exam", f"turn {number}")
        for code in dict.fromkeys(codes):
            if told := model_talk(turn.text, code):
                yield Fault(told, f"turn {number}")
                break


def model_talk(text: str, code: str) -> str:
    """Return the reason code of a refusal, a preamble or a tag of a prompt in a text, "" when there is none."""
    pair = TextPair(field="", source="", target=text, source_language=code, target_language=code)
    return next((f"frame.{rule.id.partition('.')[2]}" for rule in leaks.RULES if any(rule.find(pair))), "")


@cache
def _phrases() -> tuple[str, ...]:
    return tuple(fold(phrase) for _, phrase in _rows() if _LETTER not in phrase)


@cache
def _letters() -> re.Pattern[str]:
    """Return the pattern of phrases with an option letter; a small letter is none, since "a" is a word."""
    ways = []
    for code, phrase in _rows():
        if _LETTER in phrase:
            letters = "|".join(dict.fromkeys((*language(code).option_letters, *"ABCDEFGH")))
            ways.append(rf"(?i:{re.escape(phrase.removesuffix(_LETTER).strip())})\s+[(\[]?(?:{letters})(?!\w)")
    return re.compile("|".join(ways))


@cache
def _rows() -> tuple[tuple[str, str], ...]:
    text = (files("qantara.synthesize") / "exam_frame.tsv").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return tuple((code, phrase) for code, phrase in lines[1:])
