"""Questions with their answers -> token ids, split where the answers begin to differ. Reads texts and a tokenizer, runs no model.

Each prompt + answer is encoded as a whole. What the answers of a set have in common as tokens is conditioned on, everything after
it is scored: a tokenizer that merges the join of prompt and answer cannot shift the comparison. No token is added: a prompt that
needs a BOS holds it. Not covered: prompts that are too long for a model (`Encoded.num_tokens` says how long they are).
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, NamedTuple

from qantara.models.questions import Question

_QUESTIONS_A_CALL = 64  # all processors share a call; the tokens of all texts never lie in memory together


class Encoded(NamedTuple):
    """Token ids of a question: `stem` is what all prompt + answer texts begin with, `tails` (set, answer) what each goes on with.

    Of a set's tails the first `num_given` tokens (by set) are conditioned on; at least one token of each is scored.
    """

    stem: "array[int]"
    tails: tuple[tuple[tuple[int, ...], ...], ...]
    num_given: tuple[int, ...]

    @property
    def num_tokens(self) -> int:
        """Tokens of the longest prompt + answer."""
        return len(self.stem) + max(len(tail) for tails in self.tails for tail in tails)

    def tokens(self) -> list[list[list[int]]]:
        """Return the ids of every prompt + answer by set, JSON-ready: with the model they say all that a score depends on."""
        stem = self.stem.tolist()
        return [[[*stem, *tail] for tail in tails] for tails in self.tails]


def encode(tokenizer: Any, questions: Sequence[Question]) -> list[Encoded]:  # noqa: ANN401 - a fast tokenizer of transformers
    """Return the questions' token ids, in order; ValueError where the answers' texts share no first token."""
    found: list[Encoded] = []
    for start in range(0, len(questions), _QUESTIONS_A_CALL):
        part = questions[start : start + _QUESTIONS_A_CALL]
        texts = {
            question.prompt + answer: 0 for question in part for answers in question.answer_sets for answer in answers
        }
        ids = tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False)["input_ids"]
        of_text = dict(zip(texts, ids, strict=True))
        found.extend(_split(question, of_text) for question in part)
    return found


def common_length(first: Sequence[int], second: Sequence[int]) -> int:
    """Return how many tokens two sequences begin with in common."""
    most = min(len(first), len(second))
    return bisect_left(range(1, most + 1), True, key=lambda length: first[:length] != second[:length])


def _split(question: Question, of_text: dict[str, list[int]]) -> Encoded:
    sets = [[of_text[question.prompt + answer] for answer in answers] for answers in question.answer_sets]
    everything = [ids for of_set in sets for ids in of_set]
    shared = _shared(everything)
    if shared < 1:
        raise ValueError("a prompt needs at least one token that all answers share")
    tails = tuple(tuple(tuple(ids[shared:]) for ids in of_set) for of_set in sets)
    return Encoded(array("i", everything[0][:shared]), tails, tuple(_shared(of_set) - shared for of_set in sets))


def _shared(sequences: Sequence[list[int]]) -> int:
    """Return the length of the common beginning, short of the last token of the shortest: each has a token to score."""
    # what the first and the last in lexicographic order share, all share
    return min(common_length(min(sequences), max(sequences)), min(map(len, sequences)) - 1)
