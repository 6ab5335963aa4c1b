"""The budget: never passed however many calls are out, little left over, and the same after a restart."""

import asyncio
import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from qantara.errors import BudgetError, CallFailed
from qantara.ledger import open_ledger
from qantara.llm.budget import Budget, BudgetConfig, Cost
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Message, Request, Response
from qantara.llm.prices import Prices
from qantara.llm.sizes import upper_bound

PRICES = Prices.model_validate(
    {
        "prices": [
            {"model": "m", "from": "2026-01-01", "input": 1, "output": 10, "cached_input": "0.1"},
            {"model": "m", "from": "2026-01-01", "input": "0.5", "output": 5, "backend": "batch"},
        ]
    }
)
MOST = 4 + 32 + 68  # of a request of this file: bytes of its text, template, max_tokens


def request(number, max_tokens=68):
    return Request(model="m", messages=(Message("user", f"{number:04}"),), max_tokens=max_tokens)


class Meter:
    """A backend that answers with as many tokens as `use` says, and counts them as a bill would."""

    name = "endpoint"
    capacity = 8

    def __init__(self, use, seconds=0.0):
        self.use = use
        self.seconds = seconds
        self.billed = 0
        self.answered = 0

    async def answer(self, asked, sending):
        await sending()
        await asyncio.sleep(self.seconds)
        used = self.use(asked)
        if isinstance(used, str):
            await sending.ended(used)
            raise CallFailed("no answer", used)
        self.answered += 1
        self.billed += sum(used)
        counts = (None, None) if used == (0, 0) else used
        return Response(
            text="t", finish_reason="stop", prompt_tokens=counts[0], completion_tokens=counts[1], model="m", seconds=0.0
        )

    async def close(self):
        pass


@pytest.fixture
def ledger(tmp_path):
    kept = CallLedger(open_ledger(tmp_path / "ledger.sqlite"))
    yield kept
    kept.engine.dispose()


def spend(ledger, meter, numbers, **limits):
    """Ask all at once and return the errors; the desk is one of a new process."""
    desk = Desk(ledger, Budget(BudgetConfig(**limits), PRICES, ledger))
    caller = Caller(meter, desk)

    async def run():
        asking = (caller.ask(request(number), "translate") for number in numbers)
        return await asyncio.gather(*asking, return_exceptions=True)

    ends = asyncio.run(run())
    desk.close()
    assert desk.budget.spent == Budget(BudgetConfig(**limits), PRICES, ledger).spent  # as the next process will see it
    return [end for end in ends if isinstance(end, Exception)]


def test_a_run_stops_before_it_passes_the_budget_says_what_is_left_and_goes_on_when_it_is_raised(ledger):
    meter = Meter(lambda _: (10, 40))
    errors = spend(ledger, meter, range(100), tokens=1000)
    assert {type(error) for error in errors} == {BudgetError}
    assert str(errors[0]) == (
        "900 of budget.tokens 1,000 are spent, 100 are left and the next call can take 104; "
        "raise it and run the same command again"
    )
    assert (meter.answered, meter.billed) == (18, 900)
    assert len(spend(ledger, meter, range(100), tokens=1000)) == 82
    assert meter.answered == 18  # nothing more was sent, what was known was read
    assert spend(ledger, meter, range(100), tokens=10_000) == []
    assert (meter.answered, meter.billed) == (100, 5000)
    assert ledger.interrupted() == 0


def test_it_waits_for_what_is_out_before_it_stops(ledger):
    meter = Meter(lambda _: (1, 1), seconds=0.01)
    assert spend(ledger, meter, range(40), tokens=MOST + 80) == []  # one at a time fits, and each takes 2
    assert meter.answered == 40


def test_dollars_are_reckoned_by_the_price_of_model_and_backend(ledger):
    meter = Meter(lambda _: (1000, 100))
    assert spend(ledger, meter, [1], usd="0.0025") == []
    [error] = spend(ledger, meter, [2], usd="0.0025")
    assert str(error).startswith(
        "0.0020 of budget.usd 0.0025 are spent, 0.0005 are left and the next call can take 0.0007;"
    )
    meter.name = "batch"
    assert spend(ledger, meter, [2], usd="0.0025") == []


def test_cached_tokens_cost_their_own_price(ledger):
    budget = Budget(BudgetConfig(usd="1"), PRICES, ledger)
    answer = Response(
        text="t", finish_reason="stop", prompt_tokens=1000, completion_tokens=0, cached_tokens=900, model="m", seconds=0
    )
    budget.settle(asyncio.run(budget.reserve(request(1), "endpoint")), request(1), "endpoint", answer)
    assert budget.spent == Cost(1000, Decimal("0.00019"))


def test_both_limits_hold(ledger):
    meter = Meter(lambda _: (10, 40))
    assert "budget.tokens" in str(spend(ledger, meter, range(9), tokens=200, usd="1")[0])
    assert "budget.usd" in str(spend(ledger, meter, range(9), tokens=20_000, usd="0.0015")[0])


def test_a_dollar_limit_without_a_price_sends_nothing(ledger):
    meter = Meter(lambda _: (1, 1))
    desk = Desk(ledger, Budget(BudgetConfig(usd="1"), Prices(), ledger))
    with pytest.raises(BudgetError, match=r"needs a price for model m \(endpoint\); add it to budget\.prices"):
        asyncio.run(Caller(meter, desk).ask(request(1), "translate"))
    desk.close()
    assert (meter.answered, ledger.interrupted()) == (0, 0)


def test_a_dollar_limit_on_a_run_with_unpriced_calls_is_told_at_once(ledger):
    spend(ledger, Meter(lambda _: (1, 1)), [1], tokens=10_000)
    with pytest.raises(BudgetError, match="needs a price"):
        Budget(BudgetConfig(usd="1"), Prices(), ledger)


@pytest.mark.parametrize("backend", ["local", "recorded"])
def test_what_runs_here_is_free(ledger, backend):
    meter = Meter(lambda _: (1000, 1000))
    meter.name = backend
    assert spend(ledger, meter, range(20), tokens=10, usd="0.01") == []


@pytest.mark.parametrize(
    ("fault", "num_tries"),
    [
        ("timeout", 1),
        ("connection", 1),
        ("unparseable", 1),
        ("rate_limited", 20),
        ("unreachable", 20),
        ("server_error", 20),
    ],
)
def test_a_try_that_may_be_billed_counts_as_spent_and_another_does_not(ledger, fault, num_tries):
    spend(ledger, Meter(lambda _: fault), range(20), tokens=MOST + 50)
    assert sum(ledger.failed_tries().values()) == num_tries


def test_what_nobody_knows_the_end_of_counts_as_spent_at_most(ledger):
    desk = Desk(ledger, Budget(BudgetConfig(tokens=1000), PRICES, ledger))
    meter = Meter(lambda _: (1, 1), seconds=60)

    async def run():
        asking = asyncio.ensure_future(Caller(meter, desk).ask(request(1), "translate"))
        await asyncio.sleep(0.1)
        asking.cancel()  # as a kill would
        await asyncio.wait([asking])

    asyncio.run(run())
    desk.close()
    assert desk.budget.spent == Budget(BudgetConfig(tokens=1000), PRICES, ledger).spent == Cost(MOST)


def test_a_server_that_does_not_count_is_charged_the_most_also_after_a_restart(ledger):
    uncounted = Meter(lambda asked: (0, 0) if asked.messages[0].content == "0007" else (10, 40))
    assert spend(ledger, uncounted, range(20), tokens=100_000) == []
    assert Budget(BudgetConfig(tokens=100_000), PRICES, ledger).spent == Cost(19 * 50 + MOST)


def test_a_server_that_writes_more_than_it_may_passes_it_by_what_is_out_and_no_further(ledger):
    meter = Meter(lambda _: (10, 1000))
    [error] = spend(ledger, meter, [1, 2], tokens=MOST + 20)
    assert meter.answered == 1
    assert str(error).startswith("1,010 of budget.tokens 124 are spent, 0 are left")


def test_a_failed_try_that_waits_for_its_next_reserves_nothing(ledger):
    """Who waits for the budget may hold the place that the failed call needs: neither would ever go on."""
    places = asyncio.Semaphore(1)

    class OnePlace(Meter):
        async def answer(self, asked, sending):
            for number in range(2):
                async with places:
                    await sending()
                    if number == 0 and asked == request(1):
                        await sending.ended("rate_limited")
                        continue
                    return await super().answer(asked, lambda: asyncio.sleep(0))

    meter = OnePlace(lambda _: (10, 10))

    async def run():
        return await asyncio.to_thread(spend, ledger, meter, [1, 2], tokens=MOST + 50)

    assert asyncio.run(asyncio.wait_for(run(), 10)) == []


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 4000), st.booleans())
def test_no_budget_is_ever_passed(tmp_path_factory, seed, tokens, in_dollars):
    dice = random.Random(seed)
    ledger = CallLedger(open_ledger(tmp_path_factory.mktemp("budget") / "ledger.sqlite"))
    limits = {"usd": Decimal(tokens + 1) / 100_000} if in_dollars else {"tokens": tokens + 1}

    def use(asked):
        if dice.random() < 0.2:
            return dice.choice(["rate_limited", "timeout", "server_error"])
        prompt, completion = upper_bound(asked)
        return dice.choice([(dice.randint(0, prompt), dice.randint(0, completion)), (prompt, completion), (0, 0)])

    meter = Meter(use, seconds=0.0)
    for _ in range(2):
        errors = spend(ledger, meter, range(30), **limits)
        budget = Budget(BudgetConfig(**limits), PRICES, ledger)
        assert budget.spent.tokens >= meter.billed
        limit = limits.get("usd", limits.get("tokens"))
        spent = budget.spent.usd if in_dollars else budget.spent.tokens
        assert spent <= limit
        if any(isinstance(error, BudgetError) for error in errors):
            most = Decimal(36 + 680) / 1_000_000 if in_dollars else MOST
            assert limit - spent < most  # no more is left over than one call can take
    ledger.engine.dispose()


@pytest.mark.parametrize("wrong", [{"usd": 0}, {"tokens": -1}, {"euro": 5}, {"tokens": 1.5}])
def test_a_wrong_budget_is_a_fault(wrong):
    with pytest.raises(ValidationError):
        BudgetConfig(**wrong)
