"""Runs every rule on a translated record: two records in, findings out, in the reading order of the fields."""

from collections.abc import Callable

from qantara.fidelity.leaks import leak_findings
from qantara.fidelity.length import length_findings
from qantara.fidelity.numbers import number_findings
from qantara.fidelity.script import script_findings
from qantara.fidelity.structure import structure_findings
from qantara.fidelity.text_pair import TextPair
from qantara.records import Example, Finding, text_fields

TEXT_RULES: tuple[Callable[[TextPair], list[Finding]], ...] = (
    leak_findings,
    script_findings,
    number_findings,
    length_findings,
)


def check(source: Example, target: Example) -> tuple[Finding, ...]:
    """Return what the translation `target` changed in `source`; empty when nothing was found."""
    found = structure_findings(source, target)
    if source.kind != target.kind:
        return tuple(found)
    after = text_fields(target)
    for name, text in text_fields(source).items():
        if after.get(name, "").strip():
            found += check_text(
                TextPair(
                    field=name,
                    source=text,
                    target=after[name],
                    source_language=source.language,
                    target_language=target.language,
                )
            )
    return tuple(found)


def check_text(pair: TextPair) -> list[Finding]:
    """Return what the rules for texts find in one field; a text left untranslated is reported once, not by every rule."""
    found = [finding for rule in TEXT_RULES for finding in rule(pair)]
    if any(finding.rule == "script.untranslated" for finding in found):
        return [finding for finding in found if not finding.rule.startswith(("digits.", "units.", "length."))]
    return found
