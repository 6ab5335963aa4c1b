"""Questions that any language model can answer, to test what answers before a run: `probes.jsonl`, one language a line."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from qantara.languages import language


class Probe(NamedTuple):
    """One language's probe: `right` goes on with the statement, `nonsense` is no word; the first option answers the question."""

    language: str
    statement: str
    right: str
    nonsense: str
    question: str
    options: tuple[str, ...]
    instruction: str

    def letter_prompt(self, labels: Sequence[str]) -> str:
        """Return the question with labelled options, up to where the label stands; a label follows after a space."""
        lines = [f"{label}. {option}" for label, option in zip(labels, self.options, strict=False)]
        cue = f"{language(self.language).answer_label}:"
        return "\n".join((self.question, *lines, self.instruction, cue))


@cache
def probes() -> tuple[Probe, ...]:
    """Return the probes that are shipped, in the order of the file."""
    text = files("qantara.evaluate.answers").joinpath("probes.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    return tuple(Probe(**line | {"options": tuple(line["options"])}) for line in lines)


def probe_for(labels: Sequence[str]) -> Probe:
    """Return the probe of the language whose option letters the labels are; the first one where they are no language's."""
    written = (probe for probe in probes() if language(probe.language).option_letters[: len(labels)] == tuple(labels))
    return next(written, probes()[0])
