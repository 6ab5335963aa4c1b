"""Tokens as servers tell them -> likelihoods, with all their ways to write a space and to cut a letter."""

import math

import pytest

from qantara.evaluate.answers.server_scores import echo_likelihoods, letter_likelihoods, prompt_echo
from qantara.llm.interface import Response, TokenScore


def first(*alternatives, text="x", log=None):
    return [TokenScore(text, log, alternatives)]


def echo(*tokens):
    return [TokenScore(text, log, ((text, log),) if log is not None else ()) for text, log in tokens]


@pytest.mark.parametrize(
    ("alternatives", "answers", "as_written", "expected"),
    [
        ([(" A", -1.0), (" B", -2.0)], [" A", " B"], True, [-1.0, -2.0]),
        ([("\u2581A", -1.0), ("\u0120B", -2.0)], [" A", " B"], True, [-1.0, -2.0]),  # the tokens' raw names
        ([("A", -1.0), ("B", -2.0)], [" A", " B"], True, [-1.0, -2.0]),  # a server that drops the space
        ([(" A", -1.0), ("B", -0.5), (" B", -2.0)], [" A", " B"], True, [-1.0, -2.0]),  # another event
        ([(" A", -1.0), ("B", -0.5)], [" A", " B"], True, [-1.0, -1.0]),  # below: the least of what was told
        ([("أ", -1.0), ("ب", -2.0)], ["أ", "ب"], False, [-1.0, -2.0]),
        ([(" أ", -1.0), ("ب", -2.0)], ["أ", "ب"], False, [-1.0, -2.0]),
        ([("A", math.log(0.25)), (" A", math.log(0.5)), ("B", -3.0)], ["A", "B"], False, [math.log(0.75), -3.0]),
        ([("Answer", -0.1), ("<think>", -3.0)], ["A", "B"], False, None),
        ([], ["A", "B"], False, None),
    ],
)
def test_labels_are_found_among_the_first_tokens(alternatives, answers, as_written, expected):
    found = letter_likelihoods(first(*alternatives), answers, as_written=as_written)
    assert (found and [one.log_probability for one in found.likelihoods]) == (expected and pytest.approx(expected))


def test_labels_that_were_not_told_are_counted_and_never_greedy():
    found = letter_likelihoods(first((" C", -1.0), (" A", -2.0), (" x", -5.0)), [" A", " B", " C"], as_written=True)
    assert found.num_below == 1
    assert [(one.log_probability, one.is_greedy) for one in found.likelihoods] == [
        (-2.0, False),
        (-5.0, False),
        (-1.0, True),
    ]


def test_the_token_itself_counts_where_it_is_not_among_its_alternatives():
    found = letter_likelihoods(first((" A", -1.0), text=" B", log=-3.0), [" A", " B"], as_written=True)
    assert ([one.log_probability for one in found.likelihoods], found.num_below) == ([-1.0, -3.0], 0)
    assert letter_likelihoods([], [" A"], as_written=True) is None


def test_what_all_echoes_begin_with_is_conditioned_on():
    start = [("The", None), (" dose", -3.0), (" is", -0.5)]
    found = echo_likelihoods([echo(*start, (" 5", -1.0), (" mg", -0.25)), echo(*start, (" 7", -2.0))])
    assert [(one.log_probability, one.num_tokens) for one in found] == [(-1.25, 2), (-2.0, 1)]


@pytest.mark.parametrize(
    ("echoes", "expected"),
    [
        # the join is merged in one of them: both are scored from the last token that is the same
        ([[("a", None), (":", -1.0), ("B", -2.0)], [("a", None), (":A", -3.0)]], [(-3.0, 2), (-3.0, 1)]),
        # one answer begins the other: its last token is scored in both
        ([[("a", None), ("b", -1.0)], [("a", None), ("b", -1.0), ("c", -2.0)]], [(-1.0, 1), (-3.0, 2)]),
        # bytes of cut letters look the same and are not
        (
            [[("a", None), ("\ufffd", -1.0), ("\ufffd", -2.0)], [("a", None), ("\ufffd", -1.01), ("\ufffd", -4.0)]],
            [(-2.0, 1), (-4.0, 1)],
        ),
        (
            [[("a", None), ("\ufffd", -1.0), ("b", -2.0)], [("a", None), ("\ufffd", -3.0), ("b", -4.0)]],
            [(-3.0, 2), (-7.0, 2)],
        ),
        ([[("\ufffd", None), ("b", -2.0)], [("\ufffd", None), ("c", -4.0)]], [(-2.0, 1), (-4.0, 1)]),
        # noise in what is surely the same moves nothing
        ([[("a", None), ("b", -1.0), ("c", -2.0)], [("a", None), ("b", -1.2), ("d", -4.0)]], [(-2.0, 1), (-4.0, 1)]),
        ([[("a", None), ("b", -1.0)], [("c", None), ("d", -1.0)]], None),  # nothing is shared
        ([[("a", None), ("b", None)], [("a", None), ("c", -1.0)]], None),
    ],
)
def test_where_scoring_begins(echoes, expected):
    found = echo_likelihoods([echo(*one) for one in echoes])
    assert (found and [(one.log_probability, one.num_tokens) for one in found]) == expected


def test_an_answer_is_greedy_when_each_of_its_tokens_is_the_likeliest():
    start = [TokenScore("a", None)]
    best = [*start, TokenScore("b", -0.5, (("b", -0.5),)), TokenScore("c", -0.1, (("c", -0.1),))]
    other = [*start, TokenScore("d", -2.0, (("b", -0.5),)), TokenScore("c", -0.1, (("c", -0.1),))]
    untold = [*start, TokenScore("e", -2.0)]
    assert [one.is_greedy for one in echo_likelihoods([best, other, untold])] == [True, False, False]


@pytest.mark.parametrize(
    ("prompt_tokens", "completion_tokens", "expected"),
    [(2, 1, "ab"), (3, 0, "abc"), (None, None, "ab"), (None, 1, "ab"), (9, 1, None), (0, 1, None), (1, 1, None)],
)
def test_what_was_generated_is_no_part_of_the_echo(prompt_tokens, completion_tokens, expected):
    tokens = tuple(TokenScore(text, -1.0) for text in "abc")
    told = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens, "tokens": tokens}
    found = prompt_echo(Response(text="", finish_reason="length", model="m", seconds=0.0, **told))
    assert (found and "".join(token.text for token in found)) == expected


def test_a_response_without_tokens_is_no_echo():
    plain = Response(text="", finish_reason="length", prompt_tokens=9, completion_tokens=1, model="m", seconds=0.0)
    assert prompt_echo(plain) is None
