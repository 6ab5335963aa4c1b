"""Reads `examples.jsonl`: for every deterministic rule, pairs in which it must find something and right ones in which it must not.

They are the rules' tests and stand in `docs/fidelity.md`. Every pair that is not to be found is a right translation, however
unusual, so no rule at all may give it a fail. The texts are synthetic.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from qantara.fidelity.check import check
from qantara.fidelity.terms import Glossary
from qantara.records import Answer, Choice, Dialogue, Example, Finding, Origin, Severity, Turn

_ORIGIN = Origin(source="examples", native_id="")
Side = str | Example


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleExample:
    """A pair of texts or records; `severity` is what `rule` gives it, None for a right translation in which it finds nothing."""

    line: int
    rule: str
    severity: Severity | None
    source_language: str
    target_language: str
    source: Side
    target: Side
    glossary: Glossary | None = None

    @property
    def finds(self) -> bool:
        """Tell whether the rule must find something."""
        return self.severity is not None


@cache
def rule_examples() -> tuple[RuleExample, ...]:
    """Return all examples in the order of the file; raises ValueError for a line that does not hold one."""
    text = (files("qantara.fidelity") / "examples.jsonl").read_text(encoding="utf-8")
    return tuple(_example(number, json.loads(line)) for number, line in enumerate(text.splitlines(), start=1))


def findings_of(example: RuleExample) -> Sequence[Finding]:
    """Return what all rules find in an example."""
    return check(
        example.source,
        example.target,
        source_language=example.source_language,
        target_language=example.target_language,
        glossary=example.glossary,
    )


def _example(number: int, row: Mapping) -> RuleExample:  # type: ignore[type-arg]
    if row["finds"] != bool(row["severity"]):
        raise ValueError(f"examples.jsonl, line {number}: a severity stands exactly where something is to be found")
    codes = row["source_language"], row["target_language"]
    terms = row.get("glossary")
    return RuleExample(
        line=number,
        rule=row["rule"],
        severity=row["severity"] or None,
        source_language=codes[0],
        target_language=codes[1],
        source=_side(row["source"], codes[0]),
        target=_side(row["target"], codes[1]),
        glossary=Glossary({term: tuple(accepted) for term, accepted in terms.items()}) if terms else None,
    )


def _side(side: str | Mapping, code: str) -> Side:  # type: ignore[type-arg]
    if isinstance(side, str):
        return side
    if "turns" in side:
        turns = tuple(Turn(**turn) for turn in side["turns"])
        return Dialogue(id="", language=code, origin=_ORIGIN, turns=turns)
    if "options" in side:
        return Choice(**{**side, "options": tuple(side["options"])}, id="", language=code, origin=_ORIGIN)
    return Answer(**side, id="", language=code, origin=_ORIGIN)
