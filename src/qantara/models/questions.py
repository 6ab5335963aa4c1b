"""What is asked about likelihood and what comes back, whoever answers: a model that runs here or a server. Loads no library."""

from typing import NamedTuple


class Question(NamedTuple):
    """A prompt and sets of answers whose likelihood is asked for; each set is scored after its own token-level common prefix."""

    prompt: str
    answer_sets: tuple[tuple[str, ...], ...]


class Likelihood(NamedTuple):
    """Sum of natural log-probabilities of an answer's scored tokens, how many they are, and whether greedy writing gives them."""

    log_probability: float
    num_tokens: int
    is_greedy: bool
