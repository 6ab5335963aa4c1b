"""Likelihood of several answers to one question, with what they share computed once. Full-attention decoders (SDPA or eager).

Each question + answer is encoded as a whole; what all answers have in common as tokens is conditioned on and everything after it
is scored, so a tokenizer that merges the join cannot shift the comparison. What all questions begin with runs once, its cache is
shared. A question and its answers run as one row: a block mask keeps the answers from seeing each other, and the language-model
head sees only the positions that are scored.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache


class Question(NamedTuple):
    """A prompt and the answers whose likelihood is asked for."""

    prompt: str
    answers: tuple[str, ...]


class Likelihood(NamedTuple):
    """Sum of natural log-probabilities of an answer's tokens, and how many tokens that is."""

    log_probability: float
    num_tokens: int


class _Row(NamedTuple):
    input_ids: list[int]
    positions: list[int]
    segments: list[int]  # -1 for what is shared, else the answer's number
    scored: list[tuple[int, int, int]]  # (answer, position in the row, token to predict there)


class _Batch(NamedTuple):
    rows: list[_Row]
    input_ids: torch.Tensor  # (batch, length)
    positions: torch.Tensor  # (batch, length)
    allowed: torch.Tensor  # (batch, length, prefix + length): what each position may see
    real: torch.Tensor  # (batch, length): what is not padding


Observer = Callable[[torch.Tensor], None]


@torch.no_grad()
def likelihoods(
    model: Any,  # noqa: ANN401 - any causal model of transformers, adapters included
    tokenizer: Any,  # noqa: ANN401 - a fast tokenizer of transformers
    questions: Sequence[Question],
    batch_size: int = 8,
    observe: Observer | None = None,
) -> Iterator[tuple[int, list[Likelihood]]]:
    """Yield (question number, one likelihood an answer) for each question, longest first.

    `observe` is called before each forward with a bool mask (batch, length) of the positions that are not padding.
    """
    model.eval()
    rows = [_row(tokenizer, question) for question in questions]
    prefix = _shared_prefix(rows)
    cache = _run_prefix(model, prefix, observe)
    rows = [_without(row, len(prefix)) for row in rows]
    order = sorted(range(len(rows)), key=lambda i: -len(rows[i].input_ids))
    for start in range(0, len(order), batch_size):
        numbers = order[start : start + batch_size]
        batch = _collate([rows[i] for i in numbers], len(prefix))
        if observe is not None:
            observe(batch.real.to(model.device))
        for number, found in zip(numbers, _score(model, batch, cache), strict=True):
            yield number, _sums(found, len(questions[number].answers))


def _sums(found: Sequence[tuple[int, float]], num_answers: int) -> list[Likelihood]:
    values = [[value for answer, value in found if answer == number] for number in range(num_answers)]
    return [Likelihood(sum(logs), len(logs)) for logs in values]


def _row(tokenizer: Any, question: Question) -> _Row:  # noqa: ANN401
    whole = [tokenizer(question.prompt + answer, add_special_tokens=False)["input_ids"] for answer in question.answers]
    shared = min(_common_prefix(whole), min(len(ids) for ids in whole) - 1)
    if shared < 1:
        raise ValueError("a prompt needs at least one token that all answers share")
    row = _Row(list(whole[0][:shared]), list(range(shared)), [-1] * shared, [])
    for answer, ids in enumerate(whole):
        tail = ids[shared:]
        places = [shared - 1, *range(len(row.input_ids), len(row.input_ids) + len(tail) - 1)]
        row.scored.extend((answer, place, token) for place, token in zip(places, tail, strict=True))
        row.input_ids.extend(tail[:-1])
        row.positions.extend(range(shared, shared + len(tail) - 1))
        row.segments.extend([answer] * (len(tail) - 1))
    return row


def _common_prefix(sequences: Sequence[Sequence[int]]) -> int:
    length = 0
    for tokens in zip(*sequences, strict=False):
        if len(set(tokens)) > 1:
            break
        length += 1
    return length


def _shared_prefix(rows: Sequence[_Row]) -> list[int]:
    """Return the tokens that all questions begin with, short of the last token that any one's answers share."""
    length = min(
        (min(_common_prefix([row.input_ids for row in rows]), row.segments.count(-1) - 1) for row in rows), default=0
    )
    return rows[0].input_ids[:length] if rows else []


def _without(row: _Row, length: int) -> _Row:
    scored = [(answer, place - length, token) for answer, place, token in row.scored]
    return _Row(row.input_ids[length:], row.positions[length:], row.segments[length:], scored)


def _run_prefix(model: Any, prefix: Sequence[int], observe: Observer | None) -> DynamicCache | None:  # noqa: ANN401
    if not prefix:
        return None
    input_ids = torch.tensor([prefix], device=model.device)
    if observe is not None:
        observe(torch.ones_like(input_ids, dtype=torch.bool))
    backbone, _ = _parts(model)
    cache = DynamicCache(config=model.config)
    backbone(input_ids=input_ids, past_key_values=cache, use_cache=True)
    return cache


def _expanded(cache: Any, batch_size: int, config: Any) -> DynamicCache:  # noqa: ANN401 - a DynamicCache and a config
    """Return a cache of its own for a batch: the model appends to it."""
    copy = DynamicCache(config=config)
    for number, layer in enumerate(cache.layers):
        keys, values = (part.expand(batch_size, -1, -1, -1) for part in (layer.keys, layer.values))
        copy.update(keys, values, number)
    return copy


def _collate(rows: list[_Row], prefix_length: int) -> _Batch:
    size, length = len(rows), max(len(row.input_ids) for row in rows)
    input_ids = torch.zeros(size, length, dtype=torch.long)
    positions = torch.zeros(size, length, dtype=torch.long)
    allowed = torch.zeros(size, length, prefix_length + length, dtype=torch.bool)
    real = torch.zeros(size, length, dtype=torch.bool)
    for i, row in enumerate(rows):
        end = len(row.input_ids)
        input_ids[i, :end] = torch.tensor(row.input_ids)
        positions[i, :end] = torch.tensor(row.positions)
        segments = torch.tensor(row.segments)
        visible = (segments[:, None] == segments[None, :]) | (segments[None, :] == -1)
        allowed[i, :end, prefix_length : prefix_length + end] = visible.tril()
        allowed[i, :end, :prefix_length] = True
        allowed[i, end:, 0] = True  # a padded position must see something, or its softmax is not a number
        real[i, :end] = True
    return _Batch(rows, input_ids, positions, allowed, real)


def _score(model: Any, batch: _Batch, cache: DynamicCache | None) -> list[list[tuple[int, float]]]:  # noqa: ANN401
    mask = torch.zeros(batch.allowed.shape, dtype=model.dtype)
    mask.masked_fill_(~batch.allowed, torch.finfo(model.dtype).min)
    backbone, head = _parts(model)
    hidden = backbone(
        input_ids=batch.input_ids.to(model.device),
        position_ids=batch.positions.to(model.device),
        attention_mask=mask[:, None].to(model.device),
        past_key_values=_expanded(cache, len(batch.rows), model.config) if cache else None,
        use_cache=cache is not None,
    ).last_hidden_state
    return [_log_probabilities(hidden[i], row, head) for i, row in enumerate(batch.rows)]


def _log_probabilities(hidden: torch.Tensor, row: _Row, head: Any) -> list[tuple[int, float]]:  # noqa: ANN401
    places = sorted({place for _, place, _ in row.scored})
    logs = torch.log_softmax(head(hidden[places]).float(), dim=-1)
    line = {place: i for i, place in enumerate(places)}
    return [(answer, float(logs[line[place], token])) for answer, place, token in row.scored]


def _parts(model: Any) -> tuple[Any, Any]:  # noqa: ANN401
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    return causal.model, causal.lm_head
