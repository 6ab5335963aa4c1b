"""Desks with and without a budget, and callers that are shared where their settings are equal."""

import pytest

from qantara.errors import RecipeError
from qantara.ledger import open_ledger
from qantara.llm.budget import BudgetConfig
from qantara.llm.endpoint import EndpointConfig
from qantara.llm.opening import Callers, open_desk

PRICES = "prices:\n  - {model: m, from: 2026-01-01, input: 1, output: 2}\n"


@pytest.fixture
def engine(tmp_path):
    made = open_ledger(tmp_path / "ledger.sqlite")
    yield made
    made.dispose()


def test_a_budget_reads_its_price_list_and_a_missing_one_is_named(engine, tmp_path):
    with pytest.raises(RecipeError, match=r"prices\.yaml") as caught:
        open_desk(engine, tmp_path, BudgetConfig(usd=1, prices="prices.yaml"))
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    (tmp_path / "prices.yaml").write_text(PRICES, encoding="utf-8")
    for budget in (BudgetConfig(usd=1, prices="prices.yaml"), BudgetConfig(tokens=10), None):
        desk = open_desk(engine, tmp_path, budget)
        assert (desk.budget is None) == (budget is None)
        desk.close()


def test_equal_settings_share_a_caller_and_others_do_not(engine, tmp_path):
    desk = open_desk(engine, tmp_path, None)
    callers = Callers(desk, tmp_path, engine)
    first, same, other = (
        callers.of(EndpointConfig(backend="endpoint", url="http://localhost:1/v1", model=model)) for model in "mmn"
    )
    assert first is same
    assert first is not other
    assert {caller.desk for caller in (first, other)} == {desk}
    desk.close()
