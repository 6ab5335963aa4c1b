"""Accuracy of each arm with its interval, beside what no model is needed for: chance and the best constant answer.

Reads `Prediction` records, returns JSON-ready rows. The denominator is all that was asked: a reply that could not be read
counts, and is shown apart. Differences between arms are `gaps`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from qantara.evaluate.comparing.comparison import Json
from qantara.evaluate.comparing.matching import by_condition, is_right
from qantara.intervals import wilson
from qantara.records import Prediction

CLOSE = 0.01  # natural logs: other hardware or another batch may choose the other option
AMBIGUOUS, NONE = "ambiguous", "none"


def accuracy_rows(predictions: Sequence[Prediction], num_options: Mapping[str, int] | None = None) -> list[Json]:
    """Return a row for each model, task, arm and way of scoring, with Wilson's interval.

    `chance` is the mean of 1 / number of options, `majority` the share of the most frequent right index; `above_chance` and
    `above_majority` say whether the interval lies above. The number of options is that of log-probabilities, of any way of scoring;
    where only replies were generated, `num_options` tells it by family, else `chance` and `above_chance` are None.
    """
    options = {p.family: len(p.log_probabilities) for p in predictions if p.log_probabilities} | dict(num_options or {})
    return [
        {"model": condition.model, "task": condition.task, "arm": arm}
        | {"scoring": condition.scoring, "normalization": condition.normalization}
        | _accuracy(list(answers.values()), options)
        for condition, arms in by_condition(predictions).items()
        for arm, answers in arms.items()
    ]


def _accuracy(asked: Sequence[Prediction], options: Mapping[str, int]) -> Json:
    share = wilson(sum(map(is_right, asked)), len(asked))
    known = all(p.family in options for p in asked)
    chance = sum(1 / options[p.family] for p in asked) / len(asked) if known else None
    majority = max(Counter(p.answer_index for p in asked).values()) / len(asked)
    return {
        "num_items": share.total,
        "num_correct": share.hits,
        "accuracy": share.value,
        "low": share.low,
        "high": share.high,
        "chance": chance,
        "majority": majority,
        "above_chance": None if chance is None else share.low > chance,
        "above_majority": share.low > majority,
        "num_unread": sum(p.chosen_index < 0 for p in asked),
        "num_close": sum(map(_is_close, asked)),
    }


def _is_close(prediction: Prediction) -> bool:
    """Return whether the two best log-probabilities are within `CLOSE`."""
    best = sorted(prediction.log_probabilities)[-2:]
    return len(best) == 2 and best[1] - best[0] < CLOSE


def extraction_rows(predictions: Sequence[Prediction]) -> list[Json]:
    """Return for each model, task and arm of generated replies how many were read, were ambiguous, or held no answer.

    `low` and `high` are Wilson's interval of `extracted_rate`; `tiers` counts the ways in which replies were read.
    """
    return [
        {"model": condition.model, "task": condition.task, "arm": arm} | _extraction(list(answers.values()))
        for condition, arms in by_condition(predictions).items()
        if condition.scoring == "generate"
        for arm, answers in arms.items()
    ]


def _extraction(asked: Sequence[Prediction]) -> Json:
    ambiguous = sum(p.tier == AMBIGUOUS for p in asked)
    tiers = Counter(p.tier or NONE for p in asked if p.chosen_index >= 0)
    share = wilson(tiers.total(), len(asked))
    nothing = len(asked) - share.hits - ambiguous
    return {
        "num_items": len(asked),
        "num_extracted": share.hits,
        "num_ambiguous": ambiguous,
        "num_none": nothing,
        "extracted_rate": share.value,
        "low": share.low,
        "high": share.high,
        "ambiguous_rate": ambiguous / len(asked),
        "none_rate": nothing / len(asked),
        "tiers": dict(sorted(tiers.items())),
    }
