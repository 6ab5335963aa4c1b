"""What an arm of an evaluation takes: calls, tokens, seconds and money, read from the ledger, and tokens scored here.

A `Meter` notes which calls an arm needs, whoever asked for them first: a call that two arms share costs each of them its full
price, so arms don't add up to the run, and a run that was resumed shows what the whole arm takes. Does not tell what tries without
an answer may have cost: that is the whole run's (`CallLedger.unsettled`).
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal

import sqlalchemy as sa

from qantara.ledger import transaction
from qantara.llm.call_rows import CALL, KEYS_A_QUERY
from qantara.llm.caller import Caller
from qantara.llm.calls import CallTotal
from qantara.llm.costs import Pricing, cost_lines, sum_of
from qantara.llm.interface import Request, Response, call_key
from qantara.llm.prices import Prices

_NO_TOKENS = ("bad_request", "context_overflow")  # what a server turned down took nothing, as in the ledger's totals


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCost:
    """What an arm takes. A sum of tokens is None when any answer did not tell them; `usd` then too, and where a price is missing.

    `call_seconds` adds up how long each answer took, also those that were under way at once; `wall_seconds` is the time that this
    process waited, little after a resume. `scored_tokens` went through a model here. `pricing` is "free" for what runs here or is
    recorded (`usd` is then None, not 0), "unpriced" when the price list lacks a model that was asked.
    """

    calls: int = 0
    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0
    cached_tokens: int = 0
    call_seconds: float = 0.0
    wall_seconds: float = 0.0
    scored_tokens: int = 0
    usd: Decimal | None = None
    pricing: Pricing = "free"

    def __add__(self, other: "ArmCost") -> "ArmCost":
        """Return what both take together; for parts that share no call."""
        return ArmCost(
            calls=self.calls + other.calls,
            prompt_tokens=_sum(self.prompt_tokens, other.prompt_tokens),
            completion_tokens=_sum(self.completion_tokens, other.completion_tokens),
            cached_tokens=self.cached_tokens + other.cached_tokens,
            call_seconds=self.call_seconds + other.call_seconds,
            wall_seconds=self.wall_seconds + other.wall_seconds,
            scored_tokens=self.scored_tokens + other.scored_tokens,
            usd=_money(self, other),
            pricing=_pricing((self.pricing, other.pricing)),
        )

    def as_json(self) -> dict[str, object]:
        """Return plain values; money is text, so that nothing is rounded, and seconds have three decimals."""
        seconds = {name: round(getattr(self, name), 3) for name in ("call_seconds", "wall_seconds")}
        return asdict(self) | seconds | {"usd": None if self.usd is None else str(self.usd)}


class Meter:
    """The keys of an arm's calls, and the seconds waited for them. `name` is the arm's in the ledger's purposes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.keys: set[str] = set()
        self.wall_seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Add the time that passes inside to `wall_seconds`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.wall_seconds += time.perf_counter() - began


class Metered(Caller):
    """A caller whose calls an arm's meter notes, under a purpose of that arm: "evaluate.NAME.translate"."""

    def __init__(self, caller: Caller, meter: Meter) -> None:
        super().__init__(caller.backend, caller.desk)
        self.meter = meter

    async def ask(self, request: Request, purpose: str, round_number: int = 0) -> Response:
        """Return the answer, see `Caller.ask`."""
        self.meter.keys.add(call_key(request))
        return await super().ask(request, f"evaluate.{self.meter.name}.{purpose}", round_number)


def cost_of(meter: Meter, engine: sa.Engine, prices: Prices) -> ArmCost:
    """Return what the answered calls of an arm take, each at the price of its day; an empty list of prices prices nothing."""
    totals = list(_totals(meter.keys, engine))
    lines = cost_lines(totals, prices)
    calls, prompt_tokens, completion_tokens, usd = sum_of(lines)
    pricing = _pricing([line.pricing for line in lines])
    return ArmCost(
        calls=calls,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cached_tokens=sum(line.cached_tokens for line in lines),
        call_seconds=sum(total.seconds for total in totals),
        wall_seconds=meter.wall_seconds,
        usd=usd if pricing == "priced" else None,
        pricing=pricing,
    )


def scoring_cost(num_tokens: int, seconds: float) -> ArmCost:
    """Return what scoring with a model that runs here takes: tokens through the model and the time it took."""
    return ArmCost(scored_tokens=num_tokens, wall_seconds=seconds)


def _totals(keys: Iterable[str], engine: sa.Engine) -> Iterator[CallTotal]:
    """Yield each answered call by itself, in the order of the keys: then sums of seconds don't depend on who answered first."""
    wanted = sorted(keys)
    columns = (CALL.c.created, CALL.c.model, CALL.c.backend, CALL.c.seconds)
    counts = (CALL.c.prompt_tokens, CALL.c.completion_tokens, CALL.c.cached_tokens)
    query = sa.select(*columns, *counts).where(CALL.c.finish_reason.not_in(_NO_TOKENS)).order_by(CALL.c.key)
    with transaction(engine) as connection:
        for start in range(0, len(wanted), KEYS_A_QUERY):
            for row in connection.execute(query.where(CALL.c.key.in_(wanted[start : start + KEYS_A_QUERY]))):
                yield CallTotal(
                    day=row.created[:10],
                    purpose="",
                    round=0,
                    model=row.model,
                    backend=row.backend,
                    calls=1,
                    prompt_tokens=row.prompt_tokens,
                    completion_tokens=row.completion_tokens,
                    cached_tokens=row.cached_tokens or 0,
                    seconds=row.seconds,
                )


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second


def _pricing(parts: Iterable[Pricing]) -> Pricing:
    found = set(parts)
    return "unpriced" if "unpriced" in found else "priced" if "priced" in found else "free"


def _money(first: ArmCost, second: ArmCost) -> Decimal | None:
    """Return the dollars of both: what is free adds none, what is not known makes the sum unknown."""
    amounts = [cost.usd for cost in (first, second) if cost.pricing != "free"]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if amounts and len(known) == len(amounts) else None
