"""A stop before a budget would be passed: each call reserves the most it can cost and settles for what it did cost.

When the next reservation doesn't fit, it waits for those that are out to settle; only when none is out the run stops. So nothing is
passed, and little is left over; only a server that writes more than `max_tokens` can go over it, with the calls that are out then.
What earlier runs in the same folder spent counts, and so does what was sent and never answered.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from qantara.errors import BudgetError
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Request, Response
from qantara.llm.prices import Prices
from qantara.llm.sizes import upper_bound

FREE_BACKENDS = ("local", "recorded")


class BudgetConfig(BaseModel):
    """What the language-model calls of a run may cost, earlier runs in its folder included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usd: Decimal | None = Field(
        default=None, gt=0, description="US dollars; needs a price for every model that is asked"
    )
    tokens: int | None = Field(default=None, gt=0, description="tokens of prompts and answers together")
    prices: Path | None = Field(default=None, description="the price list, from the recipe's folder")


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens and US dollars; dollars are 0 where only tokens are limited."""

    tokens: int = 0
    usd: Decimal = Decimal(0)

    def __add__(self, other: "Cost") -> "Cost":
        """Add two costs."""
        return Cost(self.tokens + other.tokens, self.usd + other.usd)

    def __sub__(self, other: "Cost") -> "Cost":
        """Take one cost from another."""
        return Cost(self.tokens - other.tokens, self.usd - other.usd)


class Budget:
    """The budget of a run. Raises BudgetError at once for a dollar limit where a model that was asked has no price."""

    def __init__(self, config: BudgetConfig, prices: Prices, ledger: CallLedger) -> None:
        self._config = config
        self._prices = prices
        self._reserved = Cost()
        self._num_out = 0
        self._changed: asyncio.Event | None = None
        self.spent = self._spent_before(ledger)

    async def reserve(self, request: Request, backend: str) -> Cost:
        """Set aside the most that a call can cost; raises BudgetError when that doesn't fit and nothing is out to settle."""
        if backend in FREE_BACKENDS:
            return Cost()
        most = self._cost(request.model, backend, upper_bound(request))
        while not self._fits(most):
            if self._num_out == 0:
                raise BudgetError(self._message(most))
            self._changed = self._changed or asyncio.Event()
            await self._changed.wait()
        self._reserved += most
        self._num_out += 1
        return most

    def settle(self, reserved: Cost, request: Request, backend: str, response: Response) -> None:
        """Take what an answered call did cost; a server that doesn't count is charged the reservation."""
        if response.finish_reason in ("bad_request", "context_overflow"):
            self._release(reserved, Cost())
        elif response.prompt_tokens is None or response.completion_tokens is None:
            self._release(reserved, reserved)
        else:
            counts = (response.prompt_tokens, response.completion_tokens)
            self._release(reserved, self._cost(request.model, backend, counts, response.cached_tokens or 0))

    def give_up(self, reserved: Cost, *, may_be_billed: bool) -> None:
        """Take back a reservation whose call got no answer."""
        self._release(reserved, reserved if may_be_billed else Cost())

    def _release(self, reserved: Cost, spent: Cost) -> None:
        if reserved == Cost():
            return
        self._reserved -= reserved
        self.spent += spent
        self._num_out -= 1
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    def _fits(self, more: Cost) -> bool:
        total = self.spent + self._reserved + more
        return (self._config.tokens is None or total.tokens <= self._config.tokens) and (
            self._config.usd is None or total.usd <= self._config.usd
        )

    def _cost(
        self, model: str, backend: str, counts: tuple[int, int], cached_tokens: int = 0, day: str | None = None
    ) -> Cost:
        if self._config.usd is None:
            return Cost(sum(counts))
        price = self._prices.of(model, backend, day or datetime.now(UTC).date().isoformat())
        if price is None:
            raise BudgetError(f"budget.usd needs a price for model {model} ({backend}); add it to budget.prices")
        return Cost(sum(counts), price.cost(*counts, cached_tokens))

    def _spent_before(self, ledger: CallLedger) -> Cost:
        spent = Cost()
        for total in ledger.totals(only_counted=True):
            if total.backend not in FREE_BACKENDS:
                counts = (total.prompt_tokens or 0, total.completion_tokens or 0)
                spent += self._cost(total.model, total.backend, counts, total.cached_tokens, total.day)
        for lost in ledger.unsettled():
            if lost.backend not in FREE_BACKENDS:
                counts = (lost.prompt_bound, lost.completion_bound)
                spent += self._cost(lost.model, lost.backend, counts, day=lost.day)
        return spent

    def _message(self, more: Cost) -> str:
        if self._config.tokens is not None and self.spent.tokens + more.tokens > self._config.tokens:
            left = max(self._config.tokens - self.spent.tokens, 0)
            said = f"{self.spent.tokens:,} of budget.tokens {self._config.tokens:,} are spent, {left:,} are left and the next call"
            return f"{said} can take {more.tokens:,}; raise it and run the same command again"
        left_usd = max((self._config.usd or Decimal(0)) - self.spent.usd, Decimal(0))
        said = f"{self.spent.usd:.4f} of budget.usd {self._config.usd} are spent, {left_usd:.4f} are left and the next call"
        return f"{said} can take {more.usd:.4f}; raise it and run the same command again"
