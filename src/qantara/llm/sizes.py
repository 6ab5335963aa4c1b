"""How many tokens a request may take: an estimate for quotas, learned from answers, and a bound for budgets, which is never passed.

Tokens are the server's, whose tokenizer is not known here.
"""

from qantara.llm.interface import Request, Response

_TOKENS_A_MESSAGE = 16  # what a chat template adds: role, begin and end marks
_FIRST_TOKENS_A_BYTE = 0.35
_WEIGHT_OF_THE_NEW = 0.05


class Sizes:
    """Estimates the tokens of a call from its bytes; moving averages of what the server told before."""

    def __init__(self) -> None:
        self._tokens_a_byte = _FIRST_TOKENS_A_BYTE
        self._completion_share: float | None = None

    def estimate(self, request: Request, num_bytes: int) -> float:
        """Return the expected tokens of prompt and answer together."""
        prompt = num_bytes * self._tokens_a_byte
        answer = prompt if self._completion_share is None else prompt * self._completion_share
        return prompt + min(answer, request.max_tokens)

    def learn(self, num_bytes: int, response: Response) -> None:
        """Take what an answered call really used into the averages."""
        if not response.prompt_tokens or response.completion_tokens is None or num_bytes == 0:
            return
        weight = _WEIGHT_OF_THE_NEW
        self._tokens_a_byte += weight * (response.prompt_tokens / num_bytes - self._tokens_a_byte)
        share = response.completion_tokens / response.prompt_tokens
        old = share if self._completion_share is None else self._completion_share
        self._completion_share = old + weight * (share - old)


def upper_bound(request: Request) -> tuple[int, int]:
    """Return the most tokens that prompt and answer can take: a tokenizer makes at most one token of a UTF-8 byte."""
    texts = sum(len(text.encode("utf-8")) for text in (request.prompt, *(one.content for one in request.messages)))
    template = _TOKENS_A_MESSAGE * (len(request.messages) + 1)
    return texts + template + len(request.schema.encode("utf-8")), request.max_tokens
