"""Likelihoods from a server with OpenAI's protocol, many calls at once; each is in the ledger, so nothing is asked twice.

Labels are read off the first token's alternatives, one call a question: any server that tells `logprobs` can do it. Other texts
need the prompt echoed with its log-probabilities, one call an answer: vLLM and SGLang can, llama-server can't. Who has not
passed `server_check` may give numbers that mean nothing.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from qantara.errors import CallError, CallFailed
from qantara.evaluate.answers.answering import Found
from qantara.evaluate.answers.server_scores import echo_likelihoods, letter_likelihoods, prompt_echo
from qantara.evaluate.calling.costs import Meter, Metered
from qantara.llm.caller import Caller
from qantara.llm.interface import MOST_LOGPROBS, Message, Request, Response
from qantara.llm.streaming import in_order
from qantara.models.questions import Likelihood, Question

PURPOSE = "score"
Advance = Callable[[int], None]


def _no_bar(_: int) -> None:
    """Move no progress bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerScoring:
    """How a server is asked. `label_sets` are the labels of a run's arms: answers that are all labels are scored as letters.

    With "completions" a prompt is continued exactly as it stands (the server adds its own begin mark); with "chat" it is what the
    user says and the server's chat template is around it, so only labels can be scored. `top_logprobs` is 1..20.
    """

    model: str
    label_sets: tuple[tuple[str, ...], ...]
    interface: Literal["chat", "completions"] = "completions"
    top_logprobs: int = MOST_LOGPROBS

    def is_letters(self, answers: Sequence[str]) -> bool:
        """Tell whether a set of answers holds labels alone, with or without a space before them."""
        return any(all(answer.strip() in labels for answer in answers) for labels in self.label_sets)

    def first_token(self, prompt: str, sample: int = 0) -> Request:
        """Return the request whose answer tells what the first token after a prompt could be."""
        if self.interface == "chat":
            said = (Message("user", prompt),)
            return Request(model=self.model, messages=said, max_tokens=1, top_logprobs=self.top_logprobs, sample=sample)
        return Request(
            model=self.model,
            messages=(),
            prompt=prompt,
            max_tokens=1,
            top_logprobs=self.top_logprobs,
            sample=sample,
        )

    def echo(self, text: str, sample: int = 0) -> Request:
        """Return the request whose answer tells each token of a text; one token is written too, since some servers refuse none."""
        return Request(
            model=self.model, messages=(), prompt=text, echo=True, max_tokens=1, top_logprobs=1, sample=sample
        )


@dataclass(slots=True)
class ServerCounts:
    """What a server left open: labels below the alternatives it told, and questions without an answer, by why.

    `failed` got no answer also after retries and is asked again by the next run; `turned_down` the server refused; of `unreadable`
    no label was among the alternatives, or tokens were missing.
    """

    questions: int = 0
    labels_below: int = 0
    failed: int = 0
    turned_down: int = 0
    unreadable: int = 0


class _Open(Exception):
    """A question has no answer; `why` is a field of `ServerCounts`."""

    def __init__(self, why: Literal["turned_down", "unreadable"]) -> None:
        self.why = why
        super().__init__(why)


class ServerAnswers:
    """The `Answers` of a server; `counts` add up over all that is asked."""

    def __init__(self, caller: Caller, scoring: ServerScoring, advance: Advance = _no_bar) -> None:
        self.scoring = scoring
        self.counts = ServerCounts()
        self._caller = caller
        self._advance = advance

    def metered(self, meter: Meter) -> "ServerAnswers":
        """Return the same, whose calls an arm's meter notes; counts stay together."""
        noted = ServerAnswers(Metered(self._caller, meter), self.scoring, self._advance)
        noted.counts = self.counts
        return noted

    def likelihoods(self, questions: Sequence[Question]) -> list[Found | None]:
        """Return the likelihoods in order, None for a question of which any set has no answer; see `Answers`.

        Raises CallError when an option's text is asked of a chat interface, and for what concerns every call.
        """
        if self.scoring.interface == "chat" and not all(
            self.scoring.is_letters(answers) for question in questions for answers in question.answer_sets
        ):
            raise CallError(
                f"model {self.scoring.model}: chat completions can't score option texts, only labels; "
                "use a server's completions, or score letters or replies"
            )
        backend = self._caller.backend
        found: list[Found | None] = []
        for answer in in_order(questions, self._answer, backend.capacity, close=backend.close):
            found.append(answer)
            self._advance(1)
        return found

    async def _answer(self, question: Question) -> Found | None:
        self.counts.questions += 1
        try:
            return await asyncio.gather(*(self._set(question.prompt, answers) for answers in question.answer_sets))
        except CallFailed:
            self.counts.failed += 1
        except _Open as unanswered:
            if unanswered.why == "turned_down":
                self.counts.turned_down += 1
            else:
                self.counts.unreadable += 1
        return None

    async def _set(self, prompt: str, answers: Sequence[str]) -> list[Likelihood]:
        if self.scoring.is_letters(answers):
            return await self._letters(prompt, answers)
        responses = await self._ask([self.scoring.echo(prompt + answer) for answer in answers])
        echoes = [echo for response in responses if (echo := prompt_echo(response)) is not None]
        found = echo_likelihoods(echoes) if len(echoes) == len(answers) else None
        if found is None:
            raise _Open("unreadable")
        return found

    async def _letters(self, prompt: str, answers: Sequence[str]) -> list[Likelihood]:
        (response,) = await self._ask([self.scoring.first_token(prompt)])
        as_written = self.scoring.interface == "completions"
        letters = letter_likelihoods(response.tokens or (), answers, as_written=as_written)
        if letters is None:
            raise _Open("unreadable")
        self.counts.labels_below += letters.num_below
        return letters.likelihoods

    async def _ask(self, requests: Sequence[Request]) -> list[Response]:
        responses = await self._caller.ask_all(requests, PURPOSE)
        if any(response.finish_reason in ("bad_request", "context_overflow") for response in responses):
            raise _Open("turned_down")
        return responses
