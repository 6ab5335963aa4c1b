"""Answers that are marked for a machine."""

import pytest

from qantara.evaluate.extracting.answer_markup import marked_answers


@pytest.mark.parametrize(
    ("reply", "marked"),
    [
        ('{"answer": "B"}', [("B", "json")]),
        ("{'Final_Answer' : 'B'}", [("B", "json")]),
        ('{"الإجابة": "\\u0628"}', [("ب", "json")]),
        ('{"answer": ["A", "C"]}', [('["A", "C"]', "json")]),
        ('{"answer": 2, "age": 3}', [("2", "json")]),
        ('{"answer": "un\\x"}', [("un\\x", "json")]),
        ("\\boxed{\\text{B}}", [("\\text{B}", "boxed")]),
        ("\\boxed{B", []),
        ("<answer>B</answer>", [("B", "tag")]),
        ("the answer: B", []),
    ],
)
def test_marked_answers_are_found_with_their_tier(reply: str, marked: list[tuple[str, str]]) -> None:
    assert [(one.text, one.tier) for one in marked_answers(reply, 0, len(reply))] == marked


def test_the_place_is_that_of_the_value_within_the_part() -> None:
    reply = "\\boxed{A} \\boxed{B}"
    found = list(marked_answers(reply, 5, len(reply)))
    assert [reply[one.start : one.end] for one in found] == ["B"]
