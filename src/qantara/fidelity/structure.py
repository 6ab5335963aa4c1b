"""Compares the structure of a record and its translation: kind, options, roles, answer index, empty fields, collapsed options."""

from qantara.languages import fold
from qantara.records import Choice, Dialogue, Example, Finding, text_fields


def structure_findings(source: Example, target: Example) -> list[Finding]:
    """Return what is wrong with the structure of a translated record; every finding is a fail."""
    if source.kind != target.kind:
        return [_fail("structure.kind", "", f"a record of kind {source.kind} became {target.kind}")]
    found = _field_findings(source, target)
    if isinstance(source, Choice) and isinstance(target, Choice):
        found += _choice_findings(source, target)
    if isinstance(source, Dialogue) and isinstance(target, Dialogue):
        found += _dialogue_findings(source, target)
    return found


def collapsed_options(source: Choice, target: Choice) -> list[tuple[int, int]]:
    """Return the pairs of options that differ in the source and are the same in the target after folding."""
    before, after = _folded(source), _folded(target)
    count = min(len(before), len(after))
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    return [(i, j) for i, j in pairs if after[i] and after[i] == after[j] and before[i] != before[j]]


def _folded(example: Choice) -> list[str]:
    return [fold(option).rstrip(". ") for option in example.options]


def _fail(rule: str, field: str, message: str, source_text: str = "", target_text: str = "") -> Finding:
    return Finding(
        rule=rule, severity="fail", field=field, message=message, source_text=source_text, target_text=target_text
    )


def _field_findings(source: Example, target: Example) -> list[Finding]:
    before, after = text_fields(source), text_fields(target)
    found = []
    for name, text in before.items():
        if text.strip() and not after.get(name, "").strip():
            found.append(_fail("structure.missing_field", name, "the translation of this field is empty", text))
    for name, text in after.items():
        if name not in before and text.strip():
            found.append(_fail("structure.added_field", name, "the source has no such field", "", text))
    return found


def _choice_findings(source: Choice, target: Choice) -> list[Finding]:
    found = []
    if len(source.options) != len(target.options):
        message = f"{len(source.options)} options became {len(target.options)}"
        found.append(_fail("structure.option_count", "", message))
    if source.answer_index != target.answer_index:
        message = f"the right answer moved from option {source.answer_index + 1} to {target.answer_index + 1}"
        found.append(_fail("structure.answer_index", "", message))
    for i, j in collapsed_options(source, target):
        message = f"options {i + 1} and {j + 1} differ in the source and are the same in the translation"
        before = f"{source.options[i]} | {source.options[j]}"
        found.append(_fail("structure.options_collapsed", f"options/{j}", message, before, target.options[j]))
    return found


def _dialogue_findings(source: Dialogue, target: Dialogue) -> list[Finding]:
    if len(source.turns) != len(target.turns):
        message = f"{len(source.turns)} turns became {len(target.turns)}"
        return [_fail("structure.turn_count", "", message)]
    found = []
    for i, (before, after) in enumerate(zip(source.turns, target.turns, strict=True)):
        if before.role != after.role:
            message = f"the role of turn {i + 1} changed from {before.role} to {after.role}"
            found.append(_fail("structure.role", f"turns/{i}", message))
    return found
