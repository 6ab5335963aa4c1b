"""What a run's calls took: tokens and money by model, purpose and round. What is not known is never shown as 0."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Literal

from qantara.llm.budget import FREE_BACKENDS
from qantara.llm.calls import CallTotal, Unsettled
from qantara.llm.prices import Prices

Pricing = Literal["priced", "unpriced", "free"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """The calls of one model, backend, purpose and round. Tokens are None when any call did not tell them; `usd` then too.

    `pricing`: "free" for what runs here or is recorded, "unpriced" when the price list lacks the model.
    """

    model: str
    backend: str
    purpose: str
    round: int
    calls: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int
    usd: Decimal | None
    pricing: Pricing


def as_json(line: CostLine) -> dict[str, object]:
    """Return a line as plain values; money is text, so that nothing is rounded."""
    return asdict(line) | {"usd": None if line.usd is None else str(line.usd)}


def cost_lines(totals: Iterable[CallTotal], prices: Prices) -> list[CostLine]:
    """Return a line for each model, backend, purpose and round, each day at that day's price, in that order."""
    groups: dict[tuple[str, str, str, int], list[CallTotal]] = {}
    for total in totals:
        groups.setdefault((total.purpose, total.model, total.backend, total.round), []).append(total)
    return [_line(days, prices) for _, days in sorted(groups.items())]


def sum_of(lines: Sequence[CostLine]) -> tuple[int, int | None, int | None, Decimal | None]:
    """Return calls, prompt tokens, answer tokens and dollars of all lines; None where one doesn't know. Free lines add no money."""
    return (
        sum(line.calls for line in lines),
        _sum([line.prompt_tokens for line in lines]),
        _sum([line.completion_tokens for line in lines]),
        _money([line.usd for line in lines if line.pricing != "free"]),
    )


def unsettled_usd(unsettled: Sequence[Unsettled], prices: Prices) -> Decimal | None:
    """Return the most that sendings of unknown cost can have cost; None when one of their models is unpriced."""
    costs = []
    for lost in unsettled:
        if lost.backend in FREE_BACKENDS:
            continue
        price = prices.of(lost.model, lost.backend, lost.day)
        costs.append(None if price is None else price.cost(lost.prompt_bound, lost.completion_bound))
    return _money(costs)


def _line(days: Sequence[CallTotal], prices: Prices) -> CostLine:
    first = days[0]
    costs = [_cost(total, prices) for total in days]
    is_free = first.backend in FREE_BACKENDS
    unpriced = any(prices.of(total.model, total.backend, total.day) is None for total in days)
    return CostLine(
        model=first.model,
        backend=first.backend,
        purpose=first.purpose,
        round=first.round,
        calls=sum(total.calls for total in days),
        prompt_tokens=_sum([total.prompt_tokens for total in days]),
        completion_tokens=_sum([total.completion_tokens for total in days]),
        cached_tokens=sum(total.cached_tokens for total in days),
        usd=None if is_free else _money(costs),
        pricing="free" if is_free else "unpriced" if unpriced else "priced",
    )


def _cost(total: CallTotal, prices: Prices) -> Decimal | None:
    price = prices.of(total.model, total.backend, total.day)
    if price is None or total.prompt_tokens is None or total.completion_tokens is None:
        return None
    return price.cost(total.prompt_tokens, total.completion_tokens, total.cached_tokens)


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def _money(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None
