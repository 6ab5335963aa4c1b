"""Log-probabilities of tokens as servers tell them, in either of OpenAI's two forms, and as the ledger keeps them.

A server that tells none gives None; what is told wrongly is no error here but a log-probability of None: who asked judges.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from qantara.llm.interface import TokenScore, storable


def read_token_scores(told: object, most_alternatives: int) -> tuple[TokenScore, ...] | None:
    """Return what `logprobs` of a choice says, with so many alternatives a token at most; None if it is no log-probabilities.

    Chat completions have `content`, a list of objects (llama-server's raw completions too); raw completions have parallel lists
    `tokens`, `token_logprobs` and `top_logprobs`. Their `text_offset` is not read: SGLang's are all -1, and vLLM's count the names
    of special tokens.
    """
    if not isinstance(told, dict):
        return None
    if isinstance(content := told.get("content"), list):
        return tuple(_of_object(one, most_alternatives) for one in content if isinstance(one, dict))
    tokens, values = told.get("tokens"), told.get("token_logprobs")
    if not isinstance(tokens, list) or not isinstance(values, list) or len(tokens) != len(values):
        return None
    tops = told.get("top_logprobs")
    if not isinstance(tops, list) or len(tops) != len(tokens):
        tops = [None] * len(tokens)
    return tuple(
        TokenScore(storable(str(text)), _number(value), _of_mapping(top, most_alternatives))
        for text, value, top in zip(tokens, values, tops, strict=True)
    )


def token_scores_json(tokens: Sequence[TokenScore]) -> str:
    """Return tokens as compact JSON: a list of [text, log-probability, [[text, log-probability], ...]]."""
    return json.dumps(tokens, ensure_ascii=False, separators=(",", ":"))


def token_scores_of(plain: Sequence[Sequence[Any]]) -> tuple[TokenScore, ...]:
    """Return the tokens that `token_scores_json` wrote."""
    return tuple(TokenScore(text, value, tuple((word, log) for word, log in tops)) for text, value, tops in plain)


def _of_object(told: Mapping[str, object], most: int) -> TokenScore:
    tops = told.get("top_logprobs")
    known = [one for one in tops if isinstance(one, dict)] if isinstance(tops, list) else []
    pairs = [(one.get("token"), one.get("logprob")) for one in known]
    return TokenScore(storable(str(told.get("token", ""))), _number(told.get("logprob")), _likeliest(pairs, most))


def _of_mapping(told: object, most: int) -> tuple[tuple[str, float], ...]:
    return _likeliest(list(told.items()), most) if isinstance(told, dict) else ()


def _likeliest(pairs: Sequence[tuple[object, object]], most: int) -> tuple[tuple[str, float], ...]:
    """Return texts with their log-probabilities, likeliest first; vLLM adds the token itself where it is none of the likeliest."""
    known = [(storable(str(text)), number) for text, value in pairs if (number := _number(value)) is not None]
    return tuple(sorted(known, key=lambda pair: -pair[1])[:most])


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
