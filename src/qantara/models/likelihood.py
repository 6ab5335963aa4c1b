"""Likelihoods of answers to questions under any causal model of transformers; what they share is computed once, where it can be.

`encode` texts, `plan` batches, `Scorer.run` each: batches are what a run stores and resumes by. On its first batch a scorer is
compared with the model's plain forward and falls back by itself: packed -> one row an answer -> that, by the model's own logits.
Not covered: prompts longer than the model's context, which are run as they are.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from qantara.models.encoded_questions import Encoded, encode
from qantara.models.language_head import LanguageHead, TokenScores
from qantara.models.layouts import has_experts
from qantara.models.packed_scoring import Observer, PackedScoring, sliding_window, why_not_packed
from qantara.models.questions import Likelihood, Question
from qantara.models.scoring_plan import Batch, plan
from qantara.models.separate_scoring import SeparateScoring, plain_scores
from qantara.models.token_trees import TokenTree, token_tree

__all__ = ["Batch", "Encoded", "Likelihood", "Observer", "Question", "Scorer", "encode", "likelihoods", "plan"]

_LOG = logging.getLogger(__name__)
# What a token's log-probability may differ by from the plain forward: the largest difference in fp32, the mean in half precision,
# where the plain forward is as far from the exact value as we are: on SmolLM2-135M in bf16 a mean of 0.07 to 0.17, and 0.25 between
# the two. Answers that see each other may move a token by 0.02 only, so that has a check of its own there (`_leak`).
_TOLERANCES = {torch.float16: 0.06, torch.bfloat16: 0.5}
_TOLERANCE = 1e-3
_REFUSALS = (
    TypeError,
    ValueError,
    AttributeError,
    KeyError,
    IndexError,
    RuntimeError,
)  # by a model that can't be packed


class _Way(Protocol):
    """A way to score: `prepare` may run what a group shares, `scores` those of all trees' targets, one after another."""

    name: str

    def prepare(self, prefix: tuple[int, ...], observe: Observer) -> None: ...

    def scores(self, prefix: tuple[int, ...], trees: Sequence[TokenTree], observe: Observer) -> TokenScores: ...


class Scorer:
    """Scores batches of a plan with one model.

    `mode` is "packed" (what is shared runs once) or "separate" (one row an answer), `why` says for people why it isn't packed.
    `observe` is called before each forward with a bool mask (batch, length) of the positions that count: not padding, and none of
    a forward that only checks. In separate mode shared tokens run, and count, once an answer.
    """

    def __init__(self, model: Any, observe: Observer | None = None) -> None:  # noqa: ANN401 - a causal model, adapters included
        model.eval()
        self._model = model
        causal = model.get_base_model() if hasattr(model, "get_base_model") else model
        backbone = _backbone(causal)
        self._observe = observe or _ignore
        head = LanguageHead(causal)
        self._ways: list[_Way] = [SeparateScoring(model, backbone, head), SeparateScoring(model, backbone, None)]
        self.why = why_not_packed(backbone)
        if not self.why:
            self._ways.insert(0, PackedScoring(backbone, head))
        self._window = sliding_window(backbone.config)
        self._checked_tokens = 0

    @property
    def mode(self) -> Literal["packed", "separate"]:
        """Return how batches are scored; may change while the first batch runs."""
        return "packed" if isinstance(self._ways[0], PackedScoring) else "separate"

    @torch.no_grad()
    def run(self, batch: Batch, encoded: Sequence[Encoded]) -> list[list[list[Likelihood]]]:
        """Return likelihoods (question, set, answer) of a batch's questions, in the batch's order."""
        trees = [token_tree(encoded[number]) for number in batch.numbers]
        if self._is_unchecked(trees):
            return _likelihoods(trees, self._checked_scores(batch.prefix, trees))
        return _likelihoods(trees, self._ways[0].scores(batch.prefix, trees, self._observe))

    def _is_unchecked(self, trees: Sequence[TokenTree]) -> bool:
        """Whether these trees show what no check has: anything at all, or tokens beyond the sliding window."""
        longest, window = max(tree.encoded.num_tokens for tree in trees), self._window
        return not self._checked_tokens or (window is not None and self._checked_tokens <= window < longest)

    def _checked_scores(self, prefix: tuple[int, ...], trees: Sequence[TokenTree]) -> TokenScores:
        """Return a batch's scores after letting go of the ways that don't agree with the model's plain forward; the last is that.

        One row is compared, as the plain forward shares nothing: the shortest question's, which is padded beside the others. With a
        sliding window it is the longest's, which fills it. The scores that were compared are those that are returned, unless an
        observer has to be told what counts: then the batch runs again.
        """
        sizes = [tree.num_tokens for tree in trees]
        place = sizes.index(min(sizes) if self._window is None else max(sizes))
        reference = self._reference(trees[place])
        self._checked_tokens = trees[place].encoded.num_tokens
        while len(self._ways) > 1:
            found = self._tried(prefix, trees, place, reference)
            if isinstance(found, TokenScores):
                return found if self._observe is _ignore else self._ways[0].scores(prefix, trees, self._observe)
            self.why = f"{self._ways[0].name} {found}"
            _LOG.warning("this model is scored %s: %s", self._ways[1].name, self.why)
            del self._ways[0]
        return self._ways[0].scores(prefix, trees, self._observe)

    def _reference(self, tree: TokenTree) -> tuple[list[int], Tensor]:
        """Return what the plain forward says of one way through the tree: the last, which could see all others."""
        leaf = tree.leaves()[-1]
        length = len(tree.encoded.stem) + len(tree.way_to(leaf))
        self._observe(torch.zeros(1, length, dtype=torch.bool, device=self._model.device))
        return plain_scores(self._model, tree, leaf)

    def _tried(
        self, prefix: tuple[int, ...], trees: Sequence[TokenTree], place: int, reference: tuple[list[int], Tensor]
    ) -> TokenScores | str:
        """Return the first way's scores of the trees, or what is wrong with those of the tree at `place`, for people."""
        try:
            self._ways[0].prepare(prefix, self._observe)  # counts: the cache is kept for the batches that follow
            found = self._ways[0].scores(prefix, trees, self._observe_none)
        except torch.OutOfMemoryError:
            raise
        except _REFUSALS as error:
            return f"fails ({type(error).__name__})"
        numbers, expected = reference
        differences = (_of_tree(trees, place, found)[numbers] - expected).abs()
        return _too_far(differences, self._model.dtype) or self._leak(prefix, trees, place, numbers) or found

    def _leak(self, prefix: tuple[int, ...], trees: Sequence[TokenTree], place: int, numbers: list[int]) -> str:
        """Return whether an answer's scores move with the tokens of others, which are masked: those count exactly nothing.

        With experts all tokens are part of the same products, so that in half precision a move can be rounding: not told then.
        """
        if self.mode != "packed" or self._model.dtype == torch.float32 or has_experts(self._model):
            return ""
        tree, others = trees[place], [other for i, other in enumerate(trees) if i != place]
        beside = sorted(others, key=lambda other: other.num_tokens)[-1:]
        changed = tree.with_others_changed(tree.leaves()[-1])
        before, after = (
            self._ways[0].scores(prefix, [*beside, one], self._observe_none).log_probabilities[-len(tree.targets) :]
            for one in (tree, changed)
        )
        moved = float((after - before)[numbers].abs().max())
        return f"lets an answer see another: it moves it by {moved:.2g}" if moved > _TOLERANCE else ""

    def _observe_none(self, real: Tensor) -> None:
        self._observe(torch.zeros_like(real))


def likelihoods(
    model: Any,  # noqa: ANN401 - any causal model of transformers, adapters included
    tokenizer: Any,  # noqa: ANN401 - a fast tokenizer of transformers
    questions: Sequence[Question],
    batch_size: int = 8,
    observe: Observer | None = None,
) -> Iterator[tuple[int, list[list[Likelihood]]]]:
    """Yield (question number, likelihoods by set and answer) for each question, in the order of the plan; `observe`: see Scorer."""
    encoded = encode(tokenizer, questions)
    scorer = Scorer(model, observe)
    for batch in plan(encoded, batch_size):
        yield from zip(batch.numbers, scorer.run(batch, encoded), strict=True)


def _likelihoods(trees: Sequence[TokenTree], scores: TokenScores) -> list[list[list[Likelihood]]]:
    logs, greedy, found, first = scores.log_probabilities.tolist(), scores.is_greedy.tolist(), [], 0
    for tree in trees:
        found.append([[_likelihood(logs, greedy, first, answer) for answer in of_set] for of_set in tree.answers])
        first += len(tree.targets)
    return found


def _likelihood(logs: list[float], greedy: list[bool], first: int, answer: list[int]) -> Likelihood:
    numbers = [first + number for number in answer]
    return Likelihood(sum(logs[i] for i in numbers), len(numbers), all(greedy[i] for i in numbers))


def _of_tree(trees: Sequence[TokenTree], place: int, scores: TokenScores) -> Tensor:
    first = sum(len(tree.targets) for tree in trees[:place])
    return scores.log_probabilities[first : first + len(trees[place].targets)].cpu()


def _too_far(differences: Tensor, dtype: torch.dtype) -> str:
    half = _TOLERANCES.get(dtype)
    found = float(differences.max() if half is None else differences.mean())
    most = half or _TOLERANCE
    return "" if found <= most else f"differs from the plain forward by {found:.2g}, more than {most:.2g} a token"


def _ignore(_: Tensor) -> None:
    pass


def _backbone(causal: Any) -> Any:  # noqa: ANN401 - a causal model of transformers and what lies below its head
    decoder = causal.get_decoder()
    return causal.base_model if decoder is causal else decoder
