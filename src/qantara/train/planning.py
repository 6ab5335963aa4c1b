"""`qantara train --plan`: whether a run fits on a card, how long it takes, and what would make it fit, before anything is loaded.

Reads the model's configuration (`models.architectures`); figures are from `estimates`, what would make it fit
from `suggestions`. Gives a plan, its lines for a terminal and its JSON-ready values.
"""

import functools
from dataclasses import asdict, dataclass

from qantara.models.adapters import Group
from qantara.models.architectures import architecture
from qantara.models.cards import Card, card_of
from qantara.models.sizes import Sizes, sizes_of, trainable_of
from qantara.train.estimates import BANDWIDTH_SHARE, Estimate, estimate
from qantara.train.stage import TrainConfig
from qantara.train.suggestions import Suggestion, suggest

_HOUR_SECONDS = 3600
_MINUTE_SECONDS = 60
_GIBIBYTE = 1 << 30
_MANY = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainPlan:
    """A run's model by size, what it trains, what it takes, and what would make it fit (nothing where it does)."""

    config: TrainConfig
    sizes: Sizes
    trainable: dict[Group, int]
    estimate: Estimate
    suggestions: tuple[Suggestion, ...]

    @property
    def fits(self) -> bool:
        """Whether every card has what the run needs."""
        return self.estimate.fits


def plan_training(config: TrainConfig, num_tokens: int | None, card: str, num_cards: int = 1) -> TrainPlan:
    """Return the plan of a run on cards of one kind; `num_tokens` are those of the mix, all epochs; None: not known yet.

    Raises ModelError for an unknown card, a model that can't be known without fetching it, and an adapter that it can't have.
    """
    upcycle = (config.upcycle.experts, config.upcycle.top_k) if config.upcycle else None
    model = architecture(config.model, upcycle)
    sizes = sizes_of(model)
    trainable = functools.cache(functools.partial(trainable_of, model))

    def tried(changed: TrainConfig, card: Card, num_cards: int) -> Estimate:
        return estimate(changed, sizes, trainable(changed.adapter), num_tokens, card, num_cards)

    found = tried(config, card_of(card), num_cards)
    return TrainPlan(
        config=config,
        sizes=sizes,
        trainable=trainable(config.adapter),
        estimate=found,
        suggestions=() if found.fits else tuple(suggest(config, found, tried)),
    )


def as_json(plan: TrainPlan) -> dict[str, object]:
    """Return a plan as JSON-ready values: counts, bytes, tokens a second, seconds."""
    return {
        "model": plan.config.model,
        "parameters": {"total": plan.sizes.total, "active": plan.sizes.active, "groups": plan.sizes.groups},
        "trainable": plan.trainable,
        **_estimate_json(plan.estimate),
        "suggestions": [{"settings": list(s.settings), **_estimate_json(s.estimate)} for s in plan.suggestions],
    }


def plan_lines(plan: TrainPlan) -> list[str]:
    """Return a plan in words and figures, a line each."""
    found, sizes = plan.estimate, plan.sizes
    cards = found.card.name if found.num_cards == 1 else f"{found.num_cards} x {found.card.name}"
    trained = sum(plan.trainable.values())
    lines = [
        f"{plan.config.model} on {cards}",
        f"parameters: {_count(sizes.total)}, {_count(sizes.active)} active for a token ({_groups(sizes.groups)})",
        f"trainable: {_count(trained)}, {trained / sizes.total:.2%} ({_groups(plan.trainable)})",
        f"memory{' a card' if found.num_cards > 1 else ''}: {_gibibytes(found.needed_bytes)} needed, "
        f"{_gibibytes(found.usable_bytes)} usable: {'it fits' if found.fits else 'IT DOES NOT FIT'}",
    ]
    lines += [f"  {_gibibytes(count):>10}  {part}" for part, count in found.memory.items() if count]
    lines.append(f"speed: about {found.tokens_a_second:,.0f} tokens a second{_time(found)}")
    lines.append(f"  {_assumptions(found.card)}")
    if plan.fits:
        return lines
    fitting = [f"  {' '.join(s.settings)}: {_takes(s.estimate)}" for s in plan.suggestions]
    return [
        *lines,
        *(["it would fit with", *fitting] if fitting else ["nothing here makes it fit: take a smaller model"]),
    ]


def _estimate_json(found: Estimate) -> dict[str, object]:
    return {
        "card": asdict(found.card),
        "num_cards": found.num_cards,
        "memory": found.memory,
        "needed_bytes": found.needed_bytes,
        "usable_bytes": found.usable_bytes,
        "fits": found.fits,
        "tokens_a_second": round(found.tokens_a_second, 1),
        "num_tokens": found.num_tokens,
        "seconds": None if found.seconds is None else round(found.seconds, 1),
    }


def _assumptions(card: Card) -> str:
    return (
        f"assumed, not measured: {card.dense_share:.0%} of the card's peak in plain products, {card.grouped_share:.0%} in grouped "
        f"ones, {BANDWIDTH_SHARE:.0%} of its bandwidth; the card's own figures are at second hand; "
        "samples of max_tokens, all of them learnt"
    )


def _takes(found: Estimate) -> str:
    memory = f"{_gibibytes(found.needed_bytes)} of {_gibibytes(found.usable_bytes)}"
    return f"{memory}, about {found.tokens_a_second:,.0f} tokens a second"


def _time(found: Estimate) -> str:
    if found.num_tokens is None or found.seconds is None:
        return ""
    hours, minutes = found.seconds / _HOUR_SECONDS, found.seconds / _MINUTE_SECONDS
    return (
        f", {_count(found.num_tokens)} tokens in {f'{hours:,.1f} hours' if hours >= 1 else f'{minutes:,.1f} minutes'}"
    )


def _groups(groups: dict[Group, int]) -> str:
    return ", ".join(f"{group} {_count(count)}" for group, count in sorted(groups.items(), key=lambda item: -item[1]))


def _count(number: int) -> str:
    return f"{number / 1e9:,.2f} billion" if number >= _MANY else f"{number / 1e6:,.1f} million"


def _gibibytes(count: float) -> str:
    return f"{count / _GIBIBYTE:,.2f} GiB"
