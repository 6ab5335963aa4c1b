"""What follows from the arms: means over seeds with intervals, what was forgotten, which differences are larger than noise.

Arms and base model in, JSON-ready values out (results.json). Differences are paired over seeds and corrected by Holm over all that
are tested; the noise is that of seeds (what is drawn, in which order, how adapters start), not that of choosing benchmark items.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from qantara.intervals import holm
from qantara.sweep.statistics import Mean, mean_interval, paired_difference

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmResult:
    """One finished arm: `share` 0..1 of the target language, last validation losses (nats a token) and accuracies by language.

    A loss that isn't a finite number is None; accuracies are empty when nothing was evaluated.
    """

    name: str
    share: float
    seed: int
    learning_rate: float
    tokens: Mapping[str, int]
    losses: Mapping[str, float | None]
    accuracies: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseResult:
    """The model that every arm starts from, and on how many items of each language accuracies are."""

    losses: Mapping[str, float | None]
    accuracies: Mapping[str, float] = field(default_factory=dict)
    items: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFacts:
    """A sweep that has come to its end. `failed` are arms without a result; `scoring` is how answers were scored ("": not)."""

    name: str
    direction: tuple[str, str]
    budget_tokens: int
    confidence: float
    scoring: str
    seeds: Sequence[int]
    arms: Sequence[ArmResult]
    base: BaseResult
    failed: Sequence[str] = ()


class Measure(NamedTuple):
    """What is compared: "accuracy" (more is better) or "loss" (less is better) in one language."""

    kind: str
    language: str


Values = dict[tuple[float, float], dict[int, float]]  # learning rate and share: value by seed


def findings(facts: SweepFacts) -> Json:
    """Return points, forgetting and comparisons as JSON-ready values, with the arms that they are made of."""
    measures = measures_of(facts)
    return {
        "name": facts.name,
        "direction": list(facts.direction),
        "budget_tokens": facts.budget_tokens,
        "confidence": facts.confidence,
        "scoring": facts.scoring,
        "seeds": list(facts.seeds),
        "base": asdict(facts.base),
        "arms": [asdict(arm) for arm in facts.arms],
        "failed": list(facts.failed),
        "points": [row for measure in measures for row in _points(facts, measure)],
        "forgetting": [row for measure in measures for row in _forgetting(facts, measure)],
        "comparisons": _comparisons(facts, measures),
    }


def measures_of(facts: SweepFacts) -> list[Measure]:
    """Return what this sweep measured, target language first."""
    codes = facts.direction[::-1]
    scored = [Measure("accuracy", code) for code in codes if any(code in arm.accuracies for arm in facts.arms)]
    return scored + [Measure("loss", code) for code in codes if any(code in arm.losses for arm in facts.arms)]


def values_of(facts: SweepFacts, measure: Measure) -> Values:
    """Return a measure's values by learning rate and share, then by seed; what diverged is left out."""
    values: Values = {}
    for arm in facts.arms:
        value = _value(arm, measure)
        if value is not None:
            values.setdefault((arm.learning_rate, arm.share), {})[arm.seed] = value
    return dict(sorted(values.items()))


def _value(result: ArmResult | BaseResult, measure: Measure) -> float | None:
    return (result.accuracies if measure.kind == "accuracy" else result.losses).get(measure.language)


def _points(facts: SweepFacts, measure: Measure) -> Iterator[Json]:
    for (rate, share), by_seed in values_of(facts, measure).items():
        mean = mean_interval(list(by_seed.values()), facts.confidence)
        yield {"learning_rate": rate, "share": share, **measure._asdict(), **_named(mean)}


def _forgetting(facts: SweepFacts, measure: Measure) -> Iterator[Json]:
    """Yield arm minus base in the source language: what the model could before, and may have lost."""
    base = _value(facts.base, measure)
    if measure.language != facts.direction[0] or base is None:
        return
    for (rate, share), by_seed in values_of(facts, measure).items():
        mean = mean_interval([value - base for value in by_seed.values()], facts.confidence)
        yield {"learning_rate": rate, "share": share, **measure._asdict(), "base": base, **_named(mean)}


def _named(mean: Mean) -> Json:
    return {"n": mean.n, "mean": mean.value, "low": mean.low, "high": mean.high}


def _comparisons(facts: SweepFacts, measures: Sequence[Measure]) -> list[Json]:
    rows = [row for measure in measures for row in _compared(facts, measure)]
    tested = [row for row in rows if row["p_value"] is not None]
    for row, adjusted in zip(tested, holm([row["p_value"] for row in tested]), strict=True):
        row |= {"adjusted_p_value": adjusted, "larger_than_noise": adjusted < 1 - facts.confidence}
    return rows


def _compared(facts: SweepFacts, measure: Measure) -> Iterator[Json]:
    values = values_of(facts, measure)
    for rate in sorted({rate for rate, _ in values}):
        shares = [share for found, share in values if found == rate]
        for first, second in compared_pairs(shares):
            one, other = values[rate, first], values[rate, second]
            seeds = sorted(set(one) & set(other))
            if seeds:
                found = paired_difference([one[s] for s in seeds], [other[s] for s in seeds], facts.confidence)
                places = {"learning_rate": rate, **measure._asdict(), "first": first, "second": second}
                numbers = {"n": found.n, "difference": found.value, "low": found.low, "high": found.high}
                tests = {"p_value": found.p_value, "adjusted_p_value": None, "larger_than_noise": False}
                yield places | numbers | tests


def compared_pairs(shares: Sequence[float]) -> list[tuple[float, float]]:
    """Return neighbours, then the two extremes if they aren't neighbours; `shares` are in order."""
    pairs = list(pairwise(shares))
    return pairs + ([(shares[0], shares[-1])] if len(shares) > 2 else [])
