"""What would make a training run fit that doesn't: settings, several cards together, a bigger card, each computed as the run is.

Knows which settings save memory, what costs the least first. Not covered: a smaller model, shorter samples, less to train.
"""

import functools
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from qantara.models.cards import CARDS, Card
from qantara.train.estimates import Estimate
from qantara.train.stage import TrainConfig

_CARDS_TOGETHER = (2, 4, 8)
Tried = Callable[[TrainConfig, Card, int], Estimate]
TriedHere = Callable[[TrainConfig], Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Settings (as `--set` takes them) or cards with which a run fits, and what it takes then."""

    settings: tuple[str, ...]
    estimate: Estimate


def suggest(config: TrainConfig, found: Estimate, tried: Tried) -> list[Suggestion]:
    """Return what makes a run fit: single settings, else several; several cards; a bigger card, with settings or as the run is.

    `found` is what it takes now, `tried` computes it for other settings, cards and numbers of cards.
    """

    def on(card: Card) -> TriedHere:
        return functools.partial(_tried_on, tried, card, found.num_cards)

    settings = _alone(config, on(found.card)) or _together(config, on(found.card))
    several = _several_cards(config, found, tried)
    bigger = [card for card in _by_memory() if card.memory_gibibytes > found.card.memory_gibibytes]
    helped = (_on(card, each) for card in bigger for each in _together(config, on(card)))
    as_it_is = (Suggestion(settings=(f"on {c.name}",), estimate=e) for c in bigger if (e := on(c)(config)).fits)
    return [*settings, *several, *([] if settings or several else _first(helped)), *_first(as_it_is)]


def _alone(config: TrainConfig, tried: TriedHere) -> list[Suggestion]:
    return [made for path in _paths(config) for made in _first_fit(config, config, path, tried)]


def _together(config: TrainConfig, tried: TriedHere) -> list[Suggestion]:
    """Return the first of ever more settings with which a run fits, if any."""
    changed = config
    while paths := [path for path in _paths(changed) if path]:
        if made := _first_fit(config, changed, paths[0], tried):
            return made
        changed = changed.model_copy(update=paths[0][-1])
    return []


def _several_cards(config: TrainConfig, found: Estimate, tried: Tried) -> list[Suggestion]:
    """Return the fewest cards that hold the run together, if any; 8-bit optimizer states can't be shared out."""
    shared = config.model_copy(update={"processes": "fsdp", "optimizer": "adamw"})
    fewest = found.num_cards + (config.processes == "fsdp")
    for number in _CARDS_TOGETHER:
        if number >= fewest and (taken := tried(shared, found.card, number)).fits:
            settings = (*_settings(config, shared), f"on {number} x {found.card.name}")
            return [Suggestion(settings=settings, estimate=taken)]
    return []


def _paths(config: TrainConfig) -> list[list[dict[str, Any]]]:
    """Return ways to save memory, what costs the least first; each a row of updates, ever stronger, maybe empty."""
    micro, rank = config.micro_batch_tokens, config.adapter.rank
    micros = [micro >> power for power in range(1, micro.bit_length()) if micro >> power > config.max_tokens]
    micros += [config.max_tokens] * (config.max_tokens < micro)
    ranks = [rank >> power for power in range(1, rank.bit_length()) if rank >> power >= 8]
    adapters = [config.adapter.model_copy(update={"rank": smaller // 8 * 8}) for smaller in ranks]
    frozen = config.adapter.model_copy(update={"embeddings": False})
    return [
        [{"quantization": "nf4"}] * (config.quantization == "none"),
        [{"gradient_checkpointing": True}] * (not config.gradient_checkpointing),
        [{"micro_batch_tokens": smaller} for smaller in micros],
        [{"optimizer": "adamw_8bit"}] * (config.optimizer == "adamw" and config.processes == "ddp"),
        [{"adapter": adapter} for adapter in adapters],
        [{"adapter": frozen}] * config.adapter.embeddings,
    ]


def _first_fit(
    config: TrainConfig, changed: TrainConfig, path: list[dict[str, Any]], tried: TriedHere
) -> list[Suggestion]:
    for update in path:
        further = changed.model_copy(update=update)
        if (taken := tried(further)).fits:
            return [Suggestion(settings=_settings(config, further), estimate=taken)]
    return []


def _settings(before: TrainConfig, after: TrainConfig) -> tuple[str, ...]:
    """Return what is different as `train.name=value`, nested names with dots."""
    old, new = (_flat(config.model_dump(mode="json")) for config in (before, after))
    return tuple(f"train.{name}={_yaml(value)}" for name, value in new.items() if old.get(name) != value)


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tried_on(tried: Tried, card: Card, num_cards: int, config: TrainConfig) -> Estimate:
    return tried(config, card, num_cards)


def _on(card: Card, made: Suggestion) -> Suggestion:
    return Suggestion(settings=(*made.settings, f"on {card.name}"), estimate=made.estimate)


def _first(suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    return list(itertools.islice(suggestions, 1))


def _by_memory() -> list[Card]:
    return sorted(CARDS, key=lambda card: card.memory_gibibytes)
