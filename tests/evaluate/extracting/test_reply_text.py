"""Tokens keep their places; marks and emphasis are none; thoughts are not the answer."""

import pytest

from qantara.evaluate.extracting.reply_text import answer_window, tokenize


@pytest.mark.parametrize(
    ("reply", "texts"),
    [
        ("**Answer:** B.", ["answer", ":", "b", "."]),
        ("الإِجَابَةُ:\u200f **ب**", ["الاجابه", ":", "ب"]),
        ("الإجـــابة جـ", ["الاجابه", "ج"]),
        ("9.3 mg, ٩٫٣", ["9.3", "mg", ",", "9.3"]),
        ("12mg T4", ["12", "mg", "t4"]),
        ("$\\boxed{\\text{B}}$", ["$", "{", "{", "b", "}", "}", "$"]),
        ("<b>B</b>\n✅ C ❌", ["b", "\n", "c", "❌"]),
        ("__B__ ﺏ Ⓒ", ["b", "ب", "c"]),
        ("C\u2019est", ["c", "'", "est"]),
    ],
)
def test_tokens_are_folded_and_marks_are_none(reply: str, texts: list[str]) -> None:
    assert [token.text for token in tokenize(reply)] == texts


def test_tokens_keep_their_place_and_what_touches_them() -> None:
    reply = "x B-12 \u200fج"
    tokens = tokenize(reply, 2)
    assert [reply[token.start : token.end] for token in tokens][:3] == ["B", "-", "12"]
    assert [token.spaced for token in tokens] == [True, False, False, True]
    assert [token.is_upper for token in tokens] == [True, False, False, False]


@pytest.mark.parametrize(
    ("reply", "rest"),
    [
        ("no thought", "no thought"),
        ("<think>A</think>B", "B"),
        ("A\n</think>B", "B"),
        ("<THINKING>A</thinking>B<think>C", "B"),
        ("<think>A", ""),
        ("<think>a</think>A<think>b</think>B", "B"),
    ],
)
def test_a_thought_is_not_the_answer(reply: str, rest: str) -> None:
    start, end = answer_window(reply)
    assert reply[start:end] == rest
