"""Finds what a model says about its work instead of the translation: preambles, refusals, tags and labels of the prompt.

Phrases are data (`lexicons/leaks.tsv`). A phrase that stands in the source too was translated, and is fine.
"""

import re
from collections.abc import Iterable
from functools import cache

from qantara.fidelity.lexicon import rows
from qantara.fidelity.text_pair import TextPair
from qantara.languages import fold
from qantara.records import Finding

_MESSAGES = {
    "preamble": "the model talks about its translation",
    "refusal": "the model refuses or speaks of itself",
    "tag": "a tag or label of the prompt is in the text",
}


def leak_findings(pair: TextPair) -> list[Finding]:
    """Return the phrases of a model that leaked into a translation, each as a fail."""
    return list(_found(pair))


def _found(pair: TextPair) -> Iterable[Finding]:
    target, source = fold(pair.target), fold(pair.source)
    for kind, place, phrase in _phrases():
        if phrase not in target or (place == "start" and not target.lstrip("\"'*# ").startswith(phrase)):
            continue
        if not _is_word(phrase, target) or phrase in source:
            continue
        yield pair.finding(f"leaks.{kind}", "fail", _MESSAGES[kind], target_text=phrase)


@cache
def _phrases() -> tuple[tuple[str, str, str], ...]:
    return tuple((row["kind"], row["place"], row["spelling"]) for row in rows("leaks"))


def _is_word(phrase: str, text: str) -> bool:
    """Tell whether the phrase stands in `text` without a letter glued to either side."""
    return re.search(rf"(?<![^\W\d_]){re.escape(phrase)}(?![^\W\d_])", text) is not None
