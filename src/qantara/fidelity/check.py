"""Runs every rule on a translated text or record: source and target in, findings out, in the reading order of the fields.

`RULES` and `RECORD_RULES` are all deterministic rules; similarity of meaning and the set as a whole are apart (`meaning`,
`whole_set`), since they need more than one pair.
"""

from collections.abc import Sequence

from qantara.fidelity import (
    antonyms,
    doses,
    drugs,
    glossary_terms,
    labels,
    leaks,
    length,
    number_order,
    numbers,
    option_order,
    persons,
    placeholders,
    polarity,
    script,
    structure,
    usage,
)
from qantara.fidelity.rule import RecordRule, Rule
from qantara.fidelity.terms import Glossary
from qantara.fidelity.text_pair import TextPair
from qantara.languages import is_blank
from qantara.records import Example, Finding, Span, text_fields

RULES: tuple[Rule, ...] = (
    *leaks.RULES,
    *script.RULES,
    *placeholders.RULES,
    *numbers.RULES,
    *number_order.RULES,
    *labels.RULES,
    *doses.RULES,
    *usage.RULES,
    *polarity.RULES,
    *antonyms.RULES,
    *persons.RULES,
    *drugs.RULES,
    *glossary_terms.RULES,
    *length.RULES,
)
RECORD_RULES: tuple[RecordRule, ...] = (*structure.RULES, *option_order.RULES)
TEXT_FIELD = "text"
_STILL_SAID_OF_A_COPY = ("leaks.", "script.")


def check(
    source: str | Example,
    target: str | Example,
    *,
    source_language: str | None = None,
    target_language: str | None = None,
    glossary: Glossary | None = None,
) -> list[Finding]:
    """Return what the translation `target` changed in `source`; empty when nothing was found.

    Two texts are one field called "text", and need their language codes; records know theirs. Raises ValueError for a text
    without a language, QantaraError for a language that is not known.
    """
    codes = (_language_of(source, source_language), _language_of(target, target_language))
    if isinstance(source, str) and isinstance(target, str):
        if not is_blank(source) and is_blank(target):
            return [_empty(source)]
        return check_text(_pair(TEXT_FIELD, source, target, codes, "text", glossary))
    if isinstance(source, str) or isinstance(target, str):
        raise ValueError("a text can only be compared with a text, a record with a record")
    if source.kind != target.kind:
        return structure.kind(source, target)
    found = [finding for rule in RECORD_RULES for finding in rule(source, target)]
    after = text_fields(target)
    for name, text in text_fields(source).items():
        if not is_blank(after.get(name, "")):
            found += check_text(_pair(name, text, after[name], codes, source.kind, glossary))
    return found


def check_text(pair: TextPair) -> list[Finding]:
    """Return what the rules for texts find in one field; a text left untranslated is reported once, not by every rule."""
    found: list[Finding] = []
    for rule in RULES:
        for match in rule.find(pair):
            found.append(rule.finding(pair, match))
        if found and found[-1].rule == "script.untranslated":
            return [finding for finding in found if finding.rule.startswith(_STILL_SAID_OF_A_COPY)]
    return found


def rule_ids() -> Sequence[str]:
    """Return the ids of all deterministic rules, in the order in which they run."""
    return [structure.kind.id, *(rule.id for rule in RECORD_RULES), *(rule.id for rule in RULES)]


def _pair(
    field: str, source: str, target: str, codes: tuple[str, str], kind: str, glossary: Glossary | None
) -> TextPair:
    return TextPair(
        field=field,
        source=source,
        target=target,
        source_language=codes[0],
        target_language=codes[1],
        kind=kind,
        glossary=glossary,
    )


def _language_of(side: str | Example, code: str | None) -> str:
    if code is not None:
        return code
    if isinstance(side, str):
        raise ValueError("a text has no language of its own: give source_language and target_language")
    return side.language


def _empty(source: str) -> Finding:
    return Finding(
        rule=structure.missing_field.id,
        version=structure.missing_field.version,
        severity="fail",
        field=TEXT_FIELD,
        message="the translation of this field is empty",
        source_text=source,
        source_span=Span(start=0, end=len(source)),
    )
