"""Tokens that a server told -> likelihoods: letters from what the first token could have been, texts from an echoed prompt.

Pure; who asks is `server_answers`. A server's tokens are texts without ids, and bytes of a cut letter all read U+FFFD;
`text_offset` is not used, since servers count it differently or not at all.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from qantara.llm.interface import Response, TokenScore
from qantara.models.questions import Likelihood

_SPACE_MARKS = ("\u2581", "\u0120")  # how SentencePiece and byte-level BPE write the space that a token begins with
_CUT_LETTER = "\ufffd"
_SAME_NATS = (
    0.05  # two bytes that both read U+FFFD are taken for the same token if their log-probabilities are this near
)


class Letters(NamedTuple):
    """Likelihoods of labels, and how many of them were not among the alternatives: these have the least one's as an upper bound."""

    likelihoods: list[Likelihood]
    num_below: int


def letter_likelihoods(tokens: Sequence[TokenScore], answers: Sequence[str], *, as_written: bool) -> Letters | None:
    """Return the likelihood that an answer's first token is each of the labels; None if none of them is among the alternatives.

    With `as_written` (an exact prompt is continued) a leading space counts, unless no label is there with the spaces as asked.
    Otherwise the probabilities of a label with and without a leading space are added up.
    """
    told = _first_token(tokens)
    if as_written and any(answer in told for answer in answers):
        wanted, logs = list(answers), told
    else:
        wanted, logs = [answer.removeprefix(" ") for answer in answers], _without_spaces(told)
    if not any(label in logs for label in wanted):
        return None
    least, most = min(told.values()), max(logs.values())
    likelihoods = [Likelihood(logs.get(label, least), 1, logs.get(label) == most) for label in wanted]
    return Letters(likelihoods, sum(label not in logs for label in wanted))


def prompt_echo(response: Response) -> tuple[TokenScore, ...] | None:
    """Return the tokens of the prompt that was sent, without what was generated after it; None if they aren't all there."""
    tokens, count = response.tokens or (), response.prompt_tokens
    generated = 1 if response.completion_tokens is None else response.completion_tokens
    count = len(tokens) - generated if count is None else count
    return tokens[:count] if 1 < count <= len(tokens) else None


def echo_likelihoods(echoes: Sequence[Sequence[TokenScore]]) -> list[Likelihood] | None:
    """Return the likelihood of what follows the tokens that all echoes begin with, at least one token each, as local scoring does.

    None if nothing is shared or a scored token has no log-probability.
    """
    shared = min(min(_common(echoes[0], other) for other in echoes), *(len(echo) - 1 for echo in echoes))
    if shared < 1 or any(token.log_probability is None for echo in echoes for token in echo[shared:]):
        return None
    return [_likelihood(echo[shared:]) for echo in echoes]


def _first_token(tokens: Sequence[TokenScore]) -> dict[str, float]:
    if not tokens:
        return {}
    first = tokens[0]
    pairs = [*first.alternatives, *([(first.text, first.log_probability)] if first.log_probability is not None else [])]
    told: dict[str, float] = {}
    for text, log in pairs:
        written = f" {text[1:]}" if text.startswith(_SPACE_MARKS) else text
        told[written] = max(log, told.get(written, -math.inf))
    return told


def _without_spaces(told: dict[str, float]) -> dict[str, float]:
    added: dict[str, list[float]] = {}
    for text, log in told.items():
        added.setdefault(text.removeprefix(" "), []).append(log)
    return {
        text: logs[0] if len(logs) == 1 else math.log(sum(map(math.exp, logs)) or 5e-324)
        for text, logs in added.items()
    }


def _likelihood(tokens: Sequence[TokenScore]) -> Likelihood:
    logs = [token.log_probability or 0.0 for token in tokens]
    is_greedy = all(
        bool(token.alternatives) and log >= token.alternatives[0][1] for token, log in zip(tokens, logs, strict=True)
    )
    return Likelihood(sum(logs), len(logs), is_greedy)


def _common(first: Sequence[TokenScore], second: Sequence[TokenScore]) -> int:
    length = 0
    for one, other in zip(first, second, strict=False):
        if not _is_same(one, other):
            break
        length += 1
    return length


def _is_same(one: TokenScore, other: TokenScore) -> bool:
    """Tell whether two tokens after the same ones are the same; a mistake about a cut letter's byte moves no comparison much."""
    if one.text != other.text or _CUT_LETTER not in one.text:
        return one.text == other.text
    if one.log_probability is None or other.log_probability is None:
        return one.log_probability is other.log_probability
    return abs(one.log_probability - other.log_probability) <= _SAME_NATS
