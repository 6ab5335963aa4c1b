"""The self-test of whatever answers: what can't be right ends the run, a weak model is only told of."""

import math

import pytest

from qantara.errors import ModelError
from qantara.evaluate.answers.self_test import check_answers
from qantara.models.likelihood import likelihoods
from qantara.models.loading import load_model, load_tokenizer
from qantara.models.questions import Likelihood


class Answering:
    """Answers by rule: log-probability -1 for every character of an answer that isn't in the prompt's language of letters."""

    def __init__(self, change=lambda log, number, together: log):
        self.change = change
        self.asked = []

    def likelihoods(self, questions):
        self.asked.append(questions)
        return [[self._set(answers, len(questions)) for answers in question.answer_sets] for question in questions]

    def _set(self, answers, together):
        return [
            Likelihood(self.change(-float(len(answer)) - 0.5 * number, number, together), 1, False)
            for number, answer in enumerate(answers)
        ]


def test_what_answers_well_passes_without_a_word_and_is_asked_together_and_alone():
    answers = Answering()
    assert check_answers(answers, lambda text: f"<s>{text}") == []
    assert [len(questions) for questions in answers.asked] == [4, 1, 1, 1, 1]
    assert all(question.prompt.startswith("<s>") for questions in answers.asked for question in questions)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda *_: 0.0, "every answer has the same log-probability, 0"),
        (lambda *_: -1.5, "every answer has the same log-probability, -1.5"),
        (lambda log, *_: -log, "none can be positive"),
        (lambda log, number, _: math.nan if number else log, "no finite number"),
        (lambda log, number, _: -math.inf if number else log, "no finite number"),
        (lambda log, _, together: log - 0.2 * (together > 1), r"differs by 0\.2 between batches"),
    ],
)
def test_what_cannot_be_right_ends_the_run_in_one_line(change, says):
    with pytest.raises(ModelError, match=says) as caught:
        check_answers(Answering(change), str)
    assert "\n" not in str(caught.value)


def test_a_difference_between_batches_within_the_tolerance_passes():
    assert check_answers(Answering(lambda log, _, together: log - 0.2 * (together > 1)), str, 0.3) == []


def test_another_number_of_tokens_in_another_batch_is_a_difference():
    class Miscounting(Answering):
        def likelihoods(self, questions):
            found = super().likelihoods(questions)
            return [[[one._replace(num_tokens=len(questions)) for one in some] for some in sets] for sets in found]

    with pytest.raises(ModelError, match="differs by inf"):
        check_answers(Miscounting(), str)


def test_a_model_that_knows_nothing_is_warned_of_once_a_language():
    warnings = check_answers(Answering(lambda log, number, _: log + 20 * number - 60), str)
    assert [warning[warning.index("(") :][:4] for warning in warnings] == ["(en)", "(ar)"]


def test_a_question_without_an_answer_ends_the_run():
    class Silent(Answering):
        def likelihoods(self, questions):
            return [None for _ in questions]

    with pytest.raises(ModelError, match="got no answer"):
        check_answers(Silent(), str)


def test_a_real_model_passes(tiny_model):
    model, tokenizer = load_model(tiny_model, quantization="none"), load_tokenizer(tiny_model)

    class Local:
        def likelihoods(self, questions):
            found = dict(likelihoods(model, tokenizer, questions))
            return [found[number] for number in range(len(questions))]

    check_answers(Local(), str, 1e-3)
