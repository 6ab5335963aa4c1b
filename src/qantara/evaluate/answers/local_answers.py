"""Likelihoods from a model that runs here, each batch kept in the ledger before the next: a killed run repeats no batch.

Batches follow from the questions alone, not from what is stored, so a resumed run computes the same numbers. The model is loaded
when something is missing, never for what is known.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qantara.errors import ModelError
from qantara.evaluate.answers.answer_rows import AnswerRows, Scored, identity_hash, question_key
from qantara.evaluate.answers.answering import Found
from qantara.evaluate.prompting.prompts import check_begin_mark
from qantara.models.questions import Question

if TYPE_CHECKING:
    from qantara.models.encoded_questions import Encoded
    from qantara.models.likelihood import Scorer
    from qantara.models.scoring_plan import Batch

SCORER_VERSION = 1  # part of every key: a change of what is scored makes every answer a new one
Advance = Callable[[int], None]


def no_bar(_: int) -> None:
    """Move no progress bar."""


@dataclass(frozen=True, slots=True)
class DirectAnswers:
    """Scores and keeps nothing: what a self-test asks."""

    tokenizer: Any
    scorer: "Scorer"
    batch_size: int

    def likelihoods(self, questions: Sequence[Question]) -> list[Found | None]:
        """Return the likelihoods in order; see `Answers`."""
        from qantara.models.encoded_questions import encode
        from qantara.models.scoring_plan import plan

        encoded = encode(self.tokenizer, questions)
        found: dict[int, Found] = {}
        for batch in plan(encoded, self.batch_size):
            found |= zip(batch.numbers, self.scorer.run(batch, encoded), strict=True)
        return [found[number] for number in range(len(questions))]


@dataclass(slots=True)
class LocalAnswers:
    """Scores with the model that `load` gives; `identity` is all that its numbers follow from besides the tokens.

    A text longer than `context_tokens`, which the model was made for, is refused. `num_tokens` and `seconds` add up what the
    answered questions took when they were scored, also in an earlier run.
    """

    tokenizer: Any
    load: "Callable[[], Scorer]"
    rows: AnswerRows
    identity: Mapping[str, object]
    batch_size: int = 8
    context_tokens: int | None = None
    advance: Advance = no_bar
    num_tokens: int = 0
    seconds: float = 0.0
    _scorer: "Scorer | None" = field(default=None, init=False)

    @property
    def mode(self) -> str:
        """Return how questions were scored, for people: "" while nothing had to be."""
        return "" if self._scorer is None else self._scorer.mode

    def likelihoods(self, questions: Sequence[Question]) -> list[Found | None]:
        """Return the likelihoods in order; see `Answers`."""
        from qantara.models.encoded_questions import encode
        from qantara.models.scoring_plan import plan

        for text in dict.fromkeys(question.prompt for question in questions[:1]):
            check_begin_mark(text, self.tokenizer)
        encoded = encode(self.tokenizer, questions)
        self._check_length(encoded)
        model = identity_hash({"scorer": SCORER_VERSION} | dict(self.identity))
        keys = [question_key(model, entry.tokens()) for entry in encoded]
        known = self.rows.find(list(dict.fromkeys(keys)))
        before: tuple[int, ...] = ()
        for batch in plan(encoded, self.batch_size):
            missing = [number for number in batch.numbers if keys[number] not in known]
            if missing:
                scored = self._run(batch, encoded, prefix_tokens=len(batch.prefix) * (batch.prefix != before))
                new = {keys[number]: scored[number] for number in missing}
                self.rows.store(model, new)
                known |= new
            before = batch.prefix
            self.advance(len(batch.numbers))
        for key in dict.fromkeys(keys):
            self.num_tokens += known[key].num_tokens
            self.seconds += known[key].seconds
        return [known[key].answers for key in keys]

    def _check_length(self, encoded: "Sequence[Encoded]") -> None:
        longest = max((entry.num_tokens for entry in encoded), default=0)
        if self.context_tokens is not None and longest > self.context_tokens:
            raise ModelError(
                f"a question has {longest} tokens, more than the {self.context_tokens} that the model was made for: use fewer shots"
            )

    def _run(self, batch: "Batch", encoded: "Sequence[Encoded]", prefix_tokens: int) -> dict[int, Scored]:
        """Return what a batch's questions have; the tokens of a prefix that runs once for many are its first question's."""
        from qantara.models.token_trees import token_tree

        if self._scorer is None:
            self._scorer = self.load()
        began = time.perf_counter()
        answers = self._scorer.run(batch, encoded)
        seconds = (time.perf_counter() - began) / len(batch.numbers)
        sizes = [token_tree(encoded[number]).num_tokens - len(batch.prefix) for number in batch.numbers]
        sizes[0] += prefix_tokens
        found = zip(batch.numbers, answers, sizes, strict=True)
        return {number: Scored(answer, size, seconds) for number, answer, size in found}
