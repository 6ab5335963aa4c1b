"""Tests a server before a run: does it tell log-probabilities, of what was sent, and the same ones twice?

A server that ignores `logprobs` or `echo` gives every option the same score, so that a run would report chance without an error
(llama.cpp issue 27174): it is refused in one line. Its calls stand in the ledger like all others. An old refusal there is not the
last word: then the server is asked anew, which may be another one by now.
"""

import asyncio
import itertools
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from qantara.errors import CallError
from qantara.evaluate.answers.probes import Probe, probe_for, probes
from qantara.evaluate.answers.self_test import fault_of, separates, separation_warning
from qantara.evaluate.answers.server_answers import ServerScoring
from qantara.evaluate.answers.server_scores import echo_likelihoods, letter_likelihoods, prompt_echo
from qantara.llm.caller import Caller
from qantara.llm.interface import Request, Response
from qantara.llm.streaming import in_order
from qantara.models.questions import Likelihood

_PURPOSE = "self-test"
_MOST_DIFFERENCE_NATS = (
    0.5  # an answer, asked twice: bf16 rounds a logit of 16 to 0.06, and a mixture may route another way
)
_SPACES = re.compile("[\\s\u2581\u0120]")
_REFUSED = ("bad_request", "context_overflow")


class _Refused(Exception):
    """What is wrong with the server, and what to do instead."""


class _Trial(NamedTuple):
    """A probe's requests, and what makes likelihoods of their responses; raises _Refused."""

    probe: Probe
    is_pair: bool
    requests: tuple[Request, ...]
    read: Callable[[Sequence[Response]], list[Likelihood]]


def check_server(
    caller: Caller,
    scoring: ServerScoring,
    *,
    letters: bool,
    texts: bool,
    prompt_of: Callable[[str], str] = str,
) -> list[str]:
    """Return warnings (an easy pair that doesn't separate) of a server that can score letters, option texts or both.

    `prompt_of` makes a run's prompt of a probe's text. Raises CallError with one line that says what is wrong and how to score
    instead; also when none of a set's labels is among the first token's alternatives.
    """
    for number in itertools.count():
        trials = [trial for sample in (2 * number, 2 * number + 1) for trial in _trials(scoring, prompt_of, sample)]
        wanted = [trial for trial in trials if (texts if trial.is_pair else letters)]
        hits = caller.hits
        (responses,) = in_order([wanted], lambda some: _asked(caller, some), 1, close=caller.backend.close)
        try:
            return _judged(wanted, responses)
        except _Refused as refused:
            if caller.hits - hits < sum(len(trial.requests) for trial in wanted):
                raise CallError(f"model {scoring.model}: {refused}") from None
    raise AssertionError("counting has no end")


async def _asked(caller: Caller, trials: Sequence[_Trial]) -> list[list[Response]]:
    return list(await asyncio.gather(*(caller.ask_all(trial.requests, _PURPOSE) for trial in trials)))


def _judged(trials: Sequence[_Trial], responses: Sequence[Sequence[Response]]) -> list[str]:
    found = [trial.read(told) for trial, told in zip(trials, responses, strict=True)]
    half = len(trials) // 2  # the second half is the same again
    for once, again in zip(found[:half], found[half:], strict=True):
        difference = max(abs(a.log_probability - b.log_probability) for a, b in zip(once, again, strict=True))
        if difference > _MOST_DIFFERENCE_NATS:
            raise _Refused(
                f"asked twice, its log-probabilities differ by {difference:.3g}; is one server behind the url?"
            )
    pairs = [(trial.probe, pair) for trial, pair in zip(trials[:half], found, strict=False) if trial.is_pair]
    return [separation_warning(probe) for probe, pair in pairs if not separates(pair)]


def _trials(scoring: ServerScoring, prompt_of: Callable[[str], str], sample: int) -> list[_Trial]:
    trials = []
    for labels in scoring.label_sets:
        probe = probe_for(labels)
        letters = scoring.first_token(prompt_of(probe.letter_prompt(labels)), sample)
        trials.append(_Trial(probe, False, (letters,), _letter_reader(labels, scoring)))
    for probe in probes():
        prompt = prompt_of(probe.statement)
        pair = tuple(scoring.echo(prompt + answer, sample) for answer in (probe.right, probe.nonsense))
        trials.append(_Trial(probe, True, pair, _pair_reader(probe, pair)))
    return trials


def _letter_reader(labels: Sequence[str], scoring: ServerScoring) -> Callable[[Sequence[Response]], list[Likelihood]]:
    instead = "score replies instead (generate)"

    def read(responses: Sequence[Response]) -> list[Likelihood]:
        (response,) = responses
        if response.finish_reason in _REFUSED:
            raise _Refused(f"the server turned `logprobs` down (HTTP {response.status}); {instead}")
        if not response.tokens or len(response.tokens[0].alternatives) < 2:
            raise _Refused(
                f"the server tells no log-probabilities of the first token (it ignores `logprobs`); {instead}"
            )
        _check([Likelihood(log, 1, False) for _, log in response.tokens[0].alternatives], "first token", instead)
        as_written = scoring.interface == "completions"
        found = letter_likelihoods(response.tokens, [f" {label}" for label in labels], as_written=as_written)
        if found is None:
            likeliest = (
                f"none of the labels {', '.join(labels)} is among the {scoring.top_logprobs} likeliest first tokens"
            )
            raise _Refused(f"{likeliest} (does the model think first?); use other labels, or {instead}")
        return found.likelihoods

    return read


def _pair_reader(probe: Probe, requests: Sequence[Request]) -> Callable[[Sequence[Response]], list[Likelihood]]:
    instead = "score letters or replies instead (letter, generate)"

    def read(responses: Sequence[Response]) -> list[Likelihood]:
        echoes = []
        texts = (probe.statement + probe.right, probe.statement + probe.nonsense)
        for request, text, response in zip(requests, texts, responses, strict=True):
            if response.finish_reason in _REFUSED:
                raise _Refused(f"the server turned `echo` with `logprobs` down (HTTP {response.status}); {instead}")
            echo = prompt_echo(response)
            if echo is None:
                raise _Refused(f"the server tells no log-probabilities of the prompt (it ignores `echo`); {instead}")
            _check_text([token.text for token in echo], request.prompt, text, instead)
            echoes.append(echo)
        found = echo_likelihoods(echoes)
        if found is None:
            raise _Refused(f"the server leaves out log-probabilities of the prompt's tokens; {instead}")
        _check(found, "prompt", instead)
        return found

    return read


def _check(likelihoods: Sequence[Likelihood], place: str, instead: str) -> None:
    if (fault := fault_of(likelihoods)) is not None:
        raise _Refused(f"the server's log-probabilities of the {place} are none ({fault}); {instead}")


def _check_text(tokens: Sequence[str], prompt: str, text: str, instead: str) -> None:
    """Refuse an echo without the probe's text, or with a begin mark before the prompt's own.

    Spaces aren't compared, some servers leave them out of tokens; nor letters that may be cut into bytes.
    """
    if len(tokens) > 1 and tokens[0] == tokens[1] and prompt.startswith(tokens[0]):
        raise _Refused("the server adds a begin mark (BOS) before the prompt's own; send prompts without one")
    if text.isascii() and _SPACES.sub("", text) not in _SPACES.sub("", "".join(tokens)):
        raise _Refused(f"the server echoes another text than it was sent; {instead}")
