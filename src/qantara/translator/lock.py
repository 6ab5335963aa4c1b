"""Structure lock: only texts go through a model, each between tags that carry its field name, and come back by that name.

Option letters, the answer index, roles and ids never leave the record, so no model can change them.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from qantara.records import Finding

_TAG = re.compile(r'<f id="([a-z]+(?:/\d+)?)">(.*?)</f>', re.DOTALL)
_RESERVED = re.compile(r'<f id="|</f>')


class Unlocked(NamedTuple):
    """What came back: texts by field name, and what is wrong with the form (any of it makes the answer unusable)."""

    fields: dict[str, str]
    findings: tuple[Finding, ...]


def has_reserved_markup(fields: Mapping[str, str]) -> bool:
    """Tell whether a text holds the lock's own tags, so that it can't be told apart from them."""
    return any(_RESERVED.search(text) for text in fields.values())


def lock(fields: Mapping[str, str]) -> str:
    """Return the fields as tagged text, one a line, in order."""
    return "\n".join(f'<f id="{name}">{text}</f>' for name, text in fields.items())


def unlock(answer: str, expected: Mapping[str, str]) -> Unlocked:
    """Return the fields of a model's answer, with a finding for each that is missing, unknown, repeated or empty."""
    fields: dict[str, str] = {}
    findings = []
    for name, text in _TAG.findall(answer):
        if name in fields:
            findings.append(_fault("form.repeated_field", name, "the answer gives this field twice"))
        elif name not in expected:
            findings.append(_fault("form.unknown_field", "", f"the answer has a field {name} that was not asked for"))
        fields[name] = text.strip()
    for name in expected:
        if not fields.get(name):
            findings.append(_fault("form.missing_field", name, "the answer lacks this field"))
    return Unlocked({name: fields[name] for name in expected if name in fields}, tuple(findings))


def _fault(rule: str, field: str, message: str) -> Finding:
    return Finding(rule=rule, severity="fail", field=field, message=message)
