import pytest

from qantara.records import Answer, Attempt, Finding, Origin, Translation, child, with_id


def make(native_id, question, answer, target=None, *, route="people", audit=False):
    source = with_id(
        Answer(
            id="", language="en", origin=Origin(source="test", native_id=native_id), question=question, answer=answer
        )
    )
    arabic = child(source, target, "ar") if target else None
    finding = Finding(
        rule="digits.changed", severity="fail", field="answer", message="5 became 50", source_text="5", target_text="50"
    )
    findings = () if route == "accept" else (finding,)
    attempt = Attempt(round=0, target=arabic, findings=findings, score=100 if route == "accept" else 70)
    return Translation(
        source=source,
        target=arabic,
        route=route,
        reason="digits.changed",
        score=attempt.score,
        attempts=(attempt,),
        audit=audit,
    )


@pytest.fixture
def translations():
    """Return one doubted, one audited and one accepted translation."""
    return [
        make("doubted", "How much?", "Take 5 mg daily.", {"question": "كم الجرعة؟", "answer": "تناول 50 ملغ يوميًا."}),
        make(
            "audited",
            "When?",
            "In the evening.",
            {"question": "متى؟", "answer": "في المساء."},
            route="accept",
            audit=True,
        ),
        make("accepted", "Why?", "It helps.", {"question": "لماذا؟", "answer": "لأنه مفيد."}, route="accept"),
    ]
