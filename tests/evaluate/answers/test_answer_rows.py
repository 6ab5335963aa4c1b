import math

import pytest

from qantara.evaluate.answers.answer_rows import AnswerRows, Scored, identity_hash, question_key
from qantara.ledger import open_ledger
from qantara.models.questions import Likelihood

IDENTITY = {"weights": "w", "adapter": "", "dtype": "float32", "quantization": "none", "device": "cpu", "scorer": 1}
TOKENS = [[[1, 2, 3], [1, 2, 4]], [[1, 5], [1, 6]]]


@pytest.fixture
def engine(ledger_url):
    opened = open_ledger(ledger_url)
    yield opened
    opened.dispose()


def scored(log=-1.5, seconds=0.25):
    return Scored([[Likelihood(log, 2, True), Likelihood(-3.25, 1, False)]], 17, seconds)


@pytest.mark.parametrize("name", IDENTITY)
def test_each_part_of_a_model_s_identity_makes_another_model(name):
    assert identity_hash(IDENTITY | {name: "other"}) != identity_hash(IDENTITY)
    assert identity_hash({name: IDENTITY[name]} | IDENTITY) == identity_hash(IDENTITY)


@pytest.mark.parametrize(
    "tokens",
    [
        [[[1, 2, 3], [1, 2, 5]], [[1, 5], [1, 6]]],
        [[[0, 2, 3], [1, 2, 4]], [[1, 5], [1, 6]]],
        [[[1, 2, 3], [1, 2, 4]]],
        [[[1, 2, 3], [1, 2, 4], [1, 5], [1, 6]]],
        [[[1, 2, 4], [1, 2, 3]], [[1, 5], [1, 6]]],
        [[[1, 2, 3], [12, 4]], [[1, 5], [1, 6]]],
    ],
)
def test_any_other_token_and_any_other_grouping_makes_another_question(tokens):
    assert question_key("m", tokens) != question_key("m", TOKENS)


def test_a_question_of_another_model_is_another_question():
    assert question_key("m", TOKENS) == question_key("m", tuple(TOKENS)) != question_key("n", TOKENS)


@pytest.mark.parametrize("log", [-0.1, -1 / 3, -5e-324, -math.pi * 1e200, -12.345678901234567, 0.0])
def test_what_is_stored_is_found_again_bit_for_bit(engine, log):
    AnswerRows(engine).store("m", {"k": scored(log)})
    (found,) = AnswerRows(engine).find(["k", "other"]).values()
    assert found == scored(log)
    assert found.answers[0][0].is_greedy is True
    assert isinstance(found.answers[0][0], Likelihood)


def test_the_first_answer_stays(engine):
    rows = AnswerRows(engine)
    rows.store("m", {"k": scored(-1.0)})
    rows.store("m", {"k": scored(-2.0), "l": scored(-3.0)})
    assert rows.find(["k", "l"]) == {"k": scored(-1.0), "l": scored(-3.0)}
    rows.store("m", {})


def test_more_questions_than_a_query_takes_are_all_found(engine):
    rows = AnswerRows(engine)
    rows.store("m", {f"k{number:04}": scored(-float(number)) for number in range(1201)})
    keys = [f"k{number:04}" for number in range(1300)]
    found = rows.find(keys)
    assert sorted(found) == keys[:1201]
    assert found["k1200"] == scored(-1200.0)
    assert rows.find([]) == {}
