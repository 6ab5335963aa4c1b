"""Log-probabilities in both of OpenAI's forms, whole or odd, and through the ledger's JSON."""

import json
import math

import pytest

from qantara.llm.interface import TokenScore
from qantara.llm.token_scores import read_token_scores, token_scores_json, token_scores_of


def one(token, logprob, *tops):
    return {"token": token, "logprob": logprob, "top_logprobs": [{"token": a, "logprob": b} for a, b in tops]}


LISTS = {
    "tokens": ["The", " dose", " is"],
    "token_logprobs": [None, -2.5, -0.5],
    "top_logprobs": [None, {" dose": -2.5, " end": -1.0}, {" is": -0.5}],
    "text_offset": [0, 3, 8],
}


def test_raw_completions_tell_parallel_lists():
    assert read_token_scores(LISTS, 5) == (
        TokenScore("The", None),
        TokenScore(" dose", -2.5, ((" end", -1.0), (" dose", -2.5))),
        TokenScore(" is", -0.5, ((" is", -0.5),)),
    )


def test_chat_tells_a_list_of_objects_likeliest_first_whatever_its_order():
    told = {"content": [one("A", -1.5, ("B", -2.0), ("A", -1.5), ("C", -3.0))]}
    assert read_token_scores(told, 2) == (TokenScore("A", -1.5, (("A", -1.5), ("B", -2.0))),)


@pytest.mark.parametrize(
    "told", [None, "none", [], {}, {"content": None}, {"tokens": ["a"]}, {"tokens": ["a"], "token_logprobs": []}]
)
def test_what_is_no_log_probabilities_is_none(told):
    assert read_token_scores(told, 5) is None


@pytest.mark.parametrize("told", [{"content": []}, {"tokens": [], "token_logprobs": []}])
def test_empty_log_probabilities_are_told_as_such(told):
    assert read_token_scores(told, 5) == ()


@pytest.mark.parametrize("value", [None, "-1", True, math.nan, math.inf, -math.inf, 10**400, [1]])
def test_what_is_no_finite_number_is_unknown_and_no_alternative(value):
    assert read_token_scores({"content": [one("a", value, ("a", value), ("b", -1))]}, 5) == (
        TokenScore("a", None, (("b", -1.0),)),
    )


@pytest.mark.parametrize("tops", [None, "x", [{"a": -1.0}], [None, "x"]])
def test_alternatives_that_are_missing_or_odd_are_none(tops):
    told = {"tokens": ["a", "b"], "token_logprobs": [None, -1.0], "top_logprobs": tops}
    assert read_token_scores(told, 5) == (TokenScore("a", None), TokenScore("b", -1.0))


def test_tokens_come_out_of_their_json_as_they_went_in_and_every_database_can_keep_them():
    tokens = read_token_scores({"content": [one("\ud83d", None), one("ب\x00", -0.5, ("ب\x00", -0.5))]}, 5)
    assert tokens == (TokenScore("\ufffd", None), TokenScore("ب\ufffd", -0.5, (("ب\ufffd", -0.5),)))
    text = token_scores_json(tokens)
    assert text == '[["\ufffd",null,[]],["ب\ufffd",-0.5,[["ب\ufffd",-0.5]]]]'
    assert token_scores_of(json.loads(text)) == tokens
