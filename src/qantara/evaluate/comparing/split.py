"""What the gap between two languages consists of: labels, instructions, translation and, what is left, language.

Each part is a difference between two arms on the same items, so that the parts add up to the gap and each has an interval. Reads
`Prediction` records of the arms that were run, returns JSON-ready rows. Also here: whether translating first helps.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from qantara.evaluate.comparing.comparison import USUAL, Comparing, Json, differences
from qantara.evaluate.comparing.matching import Answers, Condition, by_condition, matched
from qantara.records import Prediction

TOTAL, LANGUAGE = "total", "language"
LABELS, INSTRUCTIONS, NOISE = "labels", "instructions", "translation noise"
ROUND_TRIP, TRANSLATED, TRANSLATED_BACK = "round-trip", "translated", "translated-back"


class Part(NamedTuple):
    """A part of the gap: what it holds, and the arms between which it is the difference (better minus worse, if all is usual)."""

    holds: tuple[str, ...]
    better: str
    worse: str


def parts_of(direction: tuple[str, str], arms: Sequence[str]) -> list[Part]:
    """Return the parts into which `arms` split the gap, the rest last; none without both languages.

    From the target language's arm: Latin labels (minus that arm: labels), then the source language's instructions (minus those with
    Latin labels: instructions). From the source language's arm: what it loses by translation there and back (translation noise).
    Two passes through a translator lose more than the one that made the target items, so that the noise is an upper bound and the
    rest a lower one. Where an arm was not run its part is in the next one that was, or in the rest, which says so.
    """
    source, target = direction
    if source not in arms or target not in arms:
        return []
    steps = [(f"{target}-latin", LABELS), (f"{target}-{source}", INSTRUCTIONS)]
    found, waiting, place = [], [], target
    for arm, name in steps:
        waiting.append(name)
        if arm in arms:
            found.append(Part(tuple(waiting), arm, place))
            waiting, place = [], arm
    top = source
    if ROUND_TRIP in arms:
        found.append(Part((NOISE,), source, ROUND_TRIP))
        top = ROUND_TRIP
    else:
        waiting.append(NOISE)
    return [*found, Part((LANGUAGE, *waiting), top, place)]


def split_rows(predictions: Sequence[Prediction], direction: tuple[str, str], how: Comparing = USUAL) -> list[Json]:
    """Return the total gap and its parts for each model, task and way of scoring, on the items that all these arms share.

    `part` names what the row holds ("language and labels"), `better_arm` minus `worse_arm` is its `difference`. No rows where only
    the two languages were run: there the total is all.
    """
    rows = []
    for condition, answers in by_condition(predictions).items():
        parts = parts_of(direction, list(answers))
        if len(parts) > 1:
            rows += _rows(condition, answers, [Part((TOTAL,), *direction), *parts], how)
    return rows


def translate_first_rows(
    predictions: Sequence[Prediction], direction: tuple[str, str], how: Comparing = USUAL
) -> list[Json]:
    """Return what is won by translating first: answering in the source language, and that with the options translated back.

    `difference` is the accuracy of the arm "translated" (or "translated-back") minus that of the target language.
    """
    rows = []
    for condition, answers in by_condition(predictions).items():
        for arm in (TRANSLATED, TRANSLATED_BACK):
            if arm in answers and direction[1] in answers:
                rows += _rows(condition, answers, [Part((arm,), arm, direction[1])], how)
    return rows


def _rows(condition: Condition, answers: Mapping[str, Answers], parts: Sequence[Part], how: Comparing) -> list[Json]:
    arms = list(dict.fromkeys(arm for part in parts for arm in (part.better, part.worse)))
    items = dict(zip(arms, matched([answers[arm] for arm in arms]), strict=True))
    if not items[arms[0]]:
        return []
    return [
        condition._asdict()
        | {"part": _listed(part.holds), "better_arm": part.better, "worse_arm": part.worse}
        | differences(items, {part.better: 1.0, part.worse: -1.0}, how)
        for part in parts
    ]


def _listed(names: Sequence[str]) -> str:
    """Return names as a phrase: "a", "a and b", "a, b and c"."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
