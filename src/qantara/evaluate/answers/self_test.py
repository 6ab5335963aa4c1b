"""Tests what answers, before a run: easy questions of `probes`, together and one by one. Asks; stores nothing itself.

It tells a back end that can't score from a model that can't answer: only the first ends the run. Servers have their own,
`server_check`. Give it answers that are really computed: out of a store both askings would be the same.
"""

import math
from collections.abc import Callable, Sequence

from qantara.errors import ModelError
from qantara.evaluate.answers.answering import Answers, Found
from qantara.evaluate.answers.probes import Probe, probes
from qantara.languages import language
from qantara.models.questions import Likelihood, Question

MOST_DIFFERENCE_NATS = 0.1  # a token, between batches: bf16 rounds a logit of 16 to 0.06; give 1e-3 for fp32
_ROUNDING = 1e-6
_NUM_LABELS = 4


def check_answers(
    answers: Answers, prompt_of: Callable[[str], str] = str, tolerance_nats: float = MOST_DIFFERENCE_NATS
) -> list[str]:
    """Return warnings, one a language whose easy pair doesn't separate: a weak model, a wrong template, a wrong tokenizer.

    `prompt_of` makes a run's prompt of a probe's text: begin mark, chat template. Raises ModelError when log-probabilities are
    positive, no numbers or the same for every answer, when a question gets no answer, and when it matters what is asked together,
    by more than `tolerance_nats` a token.
    """
    asked = [(probe, question) for probe in probes() for question in _questions(probe, prompt_of)]
    together = _answered(answers, [question for _, question in asked])
    for (probe, _), (found,) in zip(asked, together, strict=True):
        if (fault := fault_of(found)) is not None:
            raise ModelError(f"the self-test failed ({probe.language}): {fault}; its scores would mean nothing")
    for (probe, question), (found,) in zip(asked, together, strict=True):
        ((alone,),) = _answered(answers, [question])
        if (difference := _difference(found, alone)) > tolerance_nats:
            raise ModelError(
                f"the self-test failed ({probe.language}): a token's log-probability differs by {difference:.3g} between batches, "
                f"more than {tolerance_nats:g}; use fp32 or batch_size 1"
            )
    pairs = zip(asked[::2], together[::2], strict=True)
    return [separation_warning(probe) for (probe, _), (pair,) in pairs if not separates(pair)]


def fault_of(found: Sequence[Likelihood]) -> str | None:
    """Return what is wrong with the likelihoods of answers that differ; None if they can be right."""
    logs = [likelihood.log_probability for likelihood in found]
    if not all(map(math.isfinite, logs)):
        return "a log-probability is no finite number"
    if max(logs) > _ROUNDING:
        return f"a log-probability is {max(logs):.3g}, none can be positive"
    if len(set(logs)) == 1:
        return f"every answer has the same log-probability, {logs[0]:.3g}"
    return None


def separates(pair: Sequence[Likelihood]) -> bool:
    """Tell whether the right word is likelier than the nonsense, all of it."""
    return pair[0].log_probability > pair[1].log_probability


def separation_warning(probe: Probe) -> str:
    """Return what to tell people of a pair that doesn't separate."""
    return (
        f"the easy pair of the self-test ({probe.language}) doesn't separate: a word that isn't one is as likely as the right one; "
        "is this the right model, template and tokenizer?"
    )


def _questions(probe: Probe, prompt_of: Callable[[str], str]) -> tuple[Question, Question]:
    """Return the easy pair, and a question with labels."""
    labels = language(probe.language).option_letters[:_NUM_LABELS]
    pair = Question(prompt_of(probe.statement), ((probe.right, probe.nonsense),))
    return pair, Question(prompt_of(probe.letter_prompt(labels)), (tuple(f" {label}" for label in labels),))


def _answered(answers: Answers, questions: Sequence[Question]) -> list[Found]:
    found = answers.likelihoods(questions)
    told = [sets for sets in found if sets is not None]
    if len(told) != len(questions):
        raise ModelError("the self-test failed: a question got no answer; its scores would mean nothing")
    return told


def _difference(together: Sequence[Likelihood], alone: Sequence[Likelihood]) -> float:
    """Return the largest difference a token between two askings; infinite where the number of tokens differs."""
    pairs = list(zip(together, alone, strict=True))
    if any(one.num_tokens != other.num_tokens for one, other in pairs):
        return math.inf
    return max(abs(one.log_probability - other.log_probability) / one.num_tokens for one, other in pairs)
