"""What calls cost: a dated YAML file of the user's. No list is built in, and a model without a price is not free.

    prices:
      - {model: some/model, from: 2026-10-01, input: 0.10, output: 0.40, cached_input: 0.025, source: "https://..."}

US dollars a million tokens. Of several entries for a model the latest counts whose `from` is not after the day of the call.
"""

from datetime import date
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qantara.recipe import load

PRICES = "prices.yaml"  # in a run folder: the list that its recipe named
_MILLION = Decimal(1_000_000)


class Price(BaseModel):
    """One model's price from one day on, in US dollars a million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1, description="the model's name as recipes and endpoints have it")
    since: date = Field(alias="from", description="first day (UTC) on which this price counts")
    input: Decimal = Field(ge=0, description="a million prompt tokens")
    output: Decimal = Field(ge=0, description="a million answer tokens")
    cached_input: Decimal | None = Field(
        default=None, ge=0, description="a million cached prompt tokens; none: as input"
    )
    backend: str | None = Field(
        default=None, description="only for calls of this backend (`batch` is often half); none: all"
    )
    source: str = Field(default="", description="where the price was read")

    def cost(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> Decimal:
        """Return US dollars; cached tokens are part of the prompt tokens, also where a server tells more of them."""
        cached_tokens = min(cached_tokens, prompt_tokens)
        cached_price = self.input if self.cached_input is None else self.cached_input
        prompt = (prompt_tokens - cached_tokens) * self.input + cached_tokens * cached_price
        return (prompt + completion_tokens * self.output) / _MILLION


class Prices(BaseModel):
    """A price list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prices: tuple[Price, ...] = ()

    @model_validator(mode="after")
    def _one_price_a_day(self) -> "Prices":
        seen = set()
        for price in self.prices:
            if (entry := (price.model, price.backend, price.since)) in seen:
                raise ValueError(f"{price.model} has two prices from {price.since} on; remove one")
            seen.add(entry)
        return self

    def of(self, model: str, backend: str, day: str) -> Price | None:
        """Return the price of a model's calls on a day (ISO date), None when the list has none."""
        on = date.fromisoformat(day)
        fitting = [p for p in self.prices if p.model == model and p.backend in (None, backend) and p.since <= on]
        # a price for the backend itself counts before one for all of them
        return max(fitting, key=lambda price: (price.backend is not None, price.since), default=None)


def read_prices(path: Path) -> Prices:
    """Read a price list; a RecipeError lists every fault with its line."""
    return load(path, Prices)


def price_text(path: Path) -> str:
    """Return a price list as it was written, after seeing that it can be read."""
    read_prices(path)
    return path.read_text(encoding="utf-8")
