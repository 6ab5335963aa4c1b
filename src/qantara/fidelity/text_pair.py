"""One field of a record on both sides: what every text rule takes."""

from dataclasses import dataclass

from qantara.records import Finding, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPair:
    """A field's name (see `records.text_fields`), its two texts and their language codes."""

    field: str
    source: str
    target: str
    source_language: str
    target_language: str

    def finding(
        self, rule: str, severity: Severity, message: str, *, source_text: str = "", target_text: str = ""
    ) -> Finding:
        """Return a finding in this field; the texts are the spans concerned."""
        return Finding(
            rule=rule,
            severity=severity,
            field=self.field,
            message=message,
            source_text=source_text,
            target_text=target_text,
        )
