from qantara.fidelity.text_pair import TextPair
from qantara.records import Finding


def test_a_finding_carries_the_field_and_the_spans() -> None:
    pair = TextPair(field="answer", source="a", target="b", source_language="en", target_language="ar")
    assert pair.finding("x.y", "warn", "why", source_text="a", target_text="b") == Finding(
        rule="x.y", severity="warn", field="answer", message="why", source_text="a", target_text="b"
    )
