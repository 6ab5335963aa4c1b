"""Makes desk and callers of settings, for every stage that asks models; nothing is asked or loaded before it is used."""

from pathlib import Path

import sqlalchemy as sa

from qantara.llm.budget import Budget, BudgetConfig
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.config import BackendConfig, make_backend
from qantara.llm.prices import Prices, read_prices


def open_desk(engine: sa.Engine, folder: Path, budget: BudgetConfig | None) -> Desk:
    """Return the desk that all callers of a stage share; a price list's path starts from `folder`."""
    ledger = CallLedger(engine)
    if budget is None:
        return Desk(ledger)
    prices = read_prices(folder / budget.prices) if budget.prices else Prices()
    return Desk(ledger, Budget(budget, prices, ledger))


class Callers:
    """The callers at one desk: equal settings share a caller, and with it connections and limits."""

    def __init__(self, desk: Desk, folder: Path, engine: sa.Engine) -> None:
        self._desk = desk
        self._folder = folder
        self._engine = engine
        self._made: dict[str, Caller] = {}

    def of(self, config: BackendConfig) -> Caller:
        """Return the caller of a backend's settings."""
        name = config.model_dump_json()
        if name not in self._made:
            self._made[name] = Caller(make_backend(config, self._folder, self._engine), self._desk)
        return self._made[name]
