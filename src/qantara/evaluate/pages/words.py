"""What arms, ways of scoring and outcomes are called on the pages of an evaluation, the same everywhere."""

import re

from qantara.evaluate.prompting.arms import Arm
from qantara.languages import LANGUAGES, language

_SCORINGS = {
    "letter": "the likelihood of the option's label",
    "text": "the likelihood of the option's text",
    "generate": "the reply that the model wrote",
}
_NORMALIZATIONS = {
    "sum": "",
    "": "",
    "token": ", a token",
    "byte": ", a byte",
    "character": ", a character",
    "pmi": ", less that without the question",
    "permuted": ", mean over cyclic orders of the options",
}


def arm_title(name: str) -> str:
    """Return what an arm is called: the language's name where it is one, else as it is named."""
    return language(name).name if name in LANGUAGES else name


def long_arm_title(arm: Arm, direction: tuple[str, str]) -> str:
    """Return what an arm is called and, where that is no language, what it means in the run's languages."""
    if arm.name in LANGUAGES:
        return language(arm.name).name
    names = {side: language(code).name for side, code in zip(("source", "target"), direction, strict=True)}
    meaning = re.sub(r"\b(source|target)(?:[ -]language)?\b", lambda found: names[found.group(1)], arm.meaning)
    return f"{arm.name} ({meaning})"


def way_name(scoring: str, normalization: str) -> str:
    """Return a way of scoring in words; one that isn't known is named as it is."""
    extra = _NORMALIZATIONS.get(normalization, f", {normalization}")
    return _SCORINGS.get(scoring, scoring) + extra


def way_code(scoring: str, normalization: str) -> str:
    """Return a way of scoring as it is named in files: "letter/sum", "generate"."""
    return f"{scoring}/{normalization}" if normalization else scoring
