"""One item in one arm -> the questions that score it, and their likelihoods -> predictions, one a way of scoring.

Letters and option texts whose prompts are the same go through the model together. Pure: what answers is `answering`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from qantara.chat import Tokenizer
from qantara.evaluate.answers.answering import Found
from qantara.evaluate.prompting.prompts import PromptSpec, Scoring, answer_prompt, bare_prompt, rotated
from qantara.evaluate.settings import EvaluationConfig, Way
from qantara.evaluate.sitting import Sitting
from qantara.models.questions import Likelihood, Question
from qantara.records import Choice, Prediction


class Ask(NamedTuple):
    """A question and what its answer sets are: "letter", "text", "bare" (texts without their question), "letter/1" (rotated)."""

    question: Question
    sets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ItemAsks:
    """An item as it is asked in an arm, with the worked examples before it and its questions."""

    item: Choice
    asks: tuple[Ask, ...]
    shots: tuple[Choice, ...] = ()


def item_asks(
    item: Choice, shots: Sequence[Choice], spec: PromptSpec, config: EvaluationConfig, tokenizer: Tokenizer | None
) -> ItemAsks:
    """Return the questions of an item for every way of scoring by likelihood that is asked for."""
    asks: dict[str, Ask] = {}

    def add(text: str, answers: tuple[str, ...], name: str) -> None:
        known = asks.get(text, Ask(Question(text, ()), ()))
        asks[text] = Ask(Question(text, (*known.question.answer_sets, answers)), (*known.sets, name))

    wanted: tuple[Scoring, ...] = ("letter", "text")
    for scoring in wanted:
        if scoring in config.scoring:
            add(*answer_prompt(item, shots, spec, scoring, tokenizer), scoring)
    if config.pmi:
        add(*bare_prompt(item, spec, tokenizer), "bare")
    for by in range(1, len(item.options) if config.permutations else 0):
        add(*answer_prompt(rotated(item, by), shots, spec, "letter", tokenizer), f"letter/{by}")
    return ItemAsks(item, tuple(asks.values()), tuple(shots))


def option_values(asked: ItemAsks, found: Sequence[Found]) -> dict[Way, tuple[float, ...]]:
    """Return one number an option by way of scoring, larger is better; `found` are the answers to the item's questions in order."""
    by_set = {
        name: answers
        for ask, sets in zip(asked.asks, found, strict=True)
        for name, answers in zip(ask.sets, sets, strict=True)
    }
    values: dict[Way, tuple[float, ...]] = {}
    if "letter" in by_set:
        values["letter", "sum"] = _sums(by_set["letter"])
    rotations = [name for name in by_set if name.startswith("letter/")]
    if rotations:
        values["letter", "permuted"] = _permuted(by_set, len(asked.item.options))
    if "text" in by_set:
        values |= _text_values(asked.item, by_set)
    return values


def predictions_of(asked: ItemAsks, values: Mapping[Way, tuple[float, ...]], sitting: Sitting) -> Iterator[Prediction]:
    """Yield a prediction a way of scoring: the option with the largest value, the first of equals."""
    for way, options in values.items():
        yield sitting.by_values(asked.item, way, options)


def _sums(answers: Sequence[Likelihood]) -> tuple[float, ...]:
    return tuple(answer.log_probability for answer in answers)


def _permuted(by_set: Mapping[str, Sequence[Likelihood]], count: int) -> tuple[float, ...]:
    """Return each option's mean over all cyclic orders; rotated by r, option i stands where label (i - r) modulo count is."""
    orders = [by_set["letter"], *(by_set[f"letter/{by}"] for by in range(1, count))]
    return tuple(
        sum(order[(option - by) % count].log_probability for by, order in enumerate(orders)) / count
        for option in range(count)
    )


def _text_values(item: Choice, by_set: Mapping[str, Sequence[Likelihood]]) -> dict[Way, tuple[float, ...]]:
    texts = by_set["text"]
    divisors = {
        "sum": [1] * len(texts),
        "token": [answer.num_tokens for answer in texts],
        "byte": [len(option.encode("utf-8")) for option in item.options],
        "character": [len(option) for option in item.options],
    }
    values: dict[Way, tuple[float, ...]] = {
        ("text", name): tuple(log / max(1, size) for log, size in zip(_sums(texts), sizes, strict=True))
        for name, sizes in divisors.items()
    }
    if "bare" in by_set:
        pairs = zip(_sums(texts), _sums(by_set["bare"]), strict=True)
        values["text", "pmi"] = tuple(log - alone for log, alone in pairs)
    return values
