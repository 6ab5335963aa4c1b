import asyncio
import json
from decimal import Decimal

import pytest
import sqlalchemy as sa

from qantara.evaluate.calling.costs import ArmCost, Meter, Metered, cost_of, scoring_cost
from qantara.ledger import open_ledger, transaction
from qantara.llm.call_rows import CALL
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Message, Request, Response
from qantara.llm.prices import Prices
from qantara.llm.recorded import RecordedBackend, call_record

PRICES = Prices.model_validate({"prices": [{"model": "m", "from": "2020-01-01", "input": 1, "output": 2}]})
COUNTS = {"prompt_tokens": 100, "completion_tokens": 10}


def request(text, model="m"):
    return Request(model=model, messages=(Message(role="user", content=text),), max_tokens=5)


def response(**changes):
    told = {"text": "x", "finish_reason": "stop", "model": "m", "seconds": 0.5} | COUNTS
    return Response(**(told | changes))


class Charged:
    """Recorded answers that pass for a server's: what a recording gives is free."""

    name, capacity = "endpoint", 4

    def __init__(self, path):
        self._inner = RecordedBackend(path)

    async def answer(self, asked, sending):
        await sending()
        return await self._inner.answer(asked, sending)

    async def close(self):
        return


@pytest.fixture
def metered(tmp_path):
    """Return `metered(calls, *arms, backend)`: the meters of arms that each ask all calls, and the engine of their ledger."""
    engines = []

    def run(calls, *arms, backend=Charged, wanted=None):
        lines = [json.dumps(call_record(asked, told)) + "\n" for asked, told in calls]
        (tmp_path / "calls.jsonl").write_text("".join(lines), encoding="utf-8")
        engines.append(open_ledger(tmp_path / "ledger.sqlite"))
        meters = [Meter(arm) for arm in arms]

        async def ask_all():
            desk = Desk(CallLedger(engines[-1]))
            for meter in meters:
                caller = Metered(Caller(backend(tmp_path / "calls.jsonl"), desk), meter)
                asked = [asked for asked, _ in calls][:wanted]
                await asyncio.gather(*(caller.ask(one, "reply") for one in asked))
            desk.close()

        asyncio.run(ask_all())
        return *meters, engines[-1]

    yield run
    for engine in engines:
        engine.dispose()


def test_an_arm_takes_its_calls_at_their_price(metered):
    calls = [(request("a"), response()), (request("b"), response(prompt_tokens=200, cached_tokens=20))]
    meter, engine = metered(calls, "ar")
    cost = cost_of(meter, engine, PRICES)
    assert (cost.calls, cost.prompt_tokens, cost.completion_tokens, cost.cached_tokens) == (2, 300, 20, 20)
    assert (cost.usd, cost.pricing, cost.call_seconds) == (Decimal("0.00034"), "priced", 1.0)


def test_a_call_of_two_arms_is_asked_once_and_costs_both(metered):
    first, second, engine = metered([(request("a"), response())], "ar", "translated")
    with transaction(engine) as connection:
        rows = connection.execute(sa.select(CALL.c.purpose)).scalars().all()
    assert rows == ["evaluate.ar.reply"]
    assert cost_of(first, engine, PRICES) == cost_of(second, engine, PRICES)
    assert cost_of(second, engine, PRICES).calls == 1


def test_the_same_call_asked_twice_in_an_arm_counts_once(metered):
    meter, engine = metered([(request("a"), response())] * 2, "ar")
    assert cost_of(meter, engine, PRICES).calls == 1


@pytest.mark.parametrize(
    ("told", "model", "prices", "expected"),
    [
        ({}, "m", Prices(), (1, 100, 10, None, "unpriced")),
        ({}, "other", PRICES, (1, 100, 10, None, "unpriced")),
        ({"prompt_tokens": None}, "m", PRICES, (1, None, 10, None, "priced")),
        ({"finish_reason": "context_overflow"}, "m", PRICES, (0, 0, 0, None, "free")),
        ({"finish_reason": "length"}, "m", PRICES, (1, 100, 10, Decimal("0.00012"), "priced")),
    ],
    ids=["no price list", "another model's price", "a server that does not count", "turned down", "cut off"],
)
def test_what_is_not_known_is_never_zero(metered, told, model, prices, expected):
    meter, engine = metered([(request("a", model), response(model=model, **told))], "ar")
    cost = cost_of(meter, engine, prices)
    assert (cost.calls, cost.prompt_tokens, cost.completion_tokens, cost.usd, cost.pricing) == expected


def test_recorded_answers_are_free(metered):
    meter, engine = metered([(request("a"), response())], "ar", backend=RecordedBackend)
    cost = cost_of(meter, engine, Prices())
    assert (cost.calls, cost.usd, cost.pricing) == (1, None, "free")


def test_more_keys_than_a_query_takes(metered):
    calls = [(request(str(number)), response()) for number in range(1100)]
    meter, engine = metered(calls, "ar")
    assert cost_of(meter, engine, PRICES).calls == 1100


def test_other_arms_calls_are_not_counted(metered):
    calls = [(request("a"), response()), (request("b"), response())]
    _, engine = metered(calls, "ar")
    meter, engine = metered(calls, "en", wanted=1)
    assert cost_of(meter, engine, PRICES).calls == 1


PRICED = ArmCost(calls=1, prompt_tokens=10, completion_tokens=1, usd=Decimal("0.1"), pricing="priced")
UNPRICED = ArmCost(calls=1, prompt_tokens=10, completion_tokens=1, pricing="unpriced")


@pytest.mark.parametrize(
    ("first", "second", "usd", "pricing", "prompt_tokens"),
    [
        (PRICED, PRICED, Decimal("0.2"), "priced", 20),
        (PRICED, scoring_cost(100, 2.0), Decimal("0.1"), "priced", 10),
        (PRICED, UNPRICED, None, "unpriced", 20),
        (ArmCost(), scoring_cost(100, 2.0), None, "free", 0),
        (ArmCost(prompt_tokens=None), PRICED, Decimal("0.1"), "priced", None),
    ],
)
def test_costs_add_up_and_the_unknown_stays_unknown(first, second, usd, pricing, prompt_tokens):
    for total in (first + second, second + first):
        assert (total.usd, total.pricing, total.prompt_tokens) == (usd, pricing, prompt_tokens)


def test_scoring_here_is_tokens_and_seconds():
    cost = ArmCost(wall_seconds=1.0) + scoring_cost(1000, 2.5)
    assert (cost.scored_tokens, cost.wall_seconds, cost.calls, cost.pricing) == (1000, 3.5, 0, "free")


def test_json_keeps_money_exact_and_the_unknown_null():
    assert json.loads(json.dumps(PRICED.as_json()))["usd"] == "0.1"
    assert UNPRICED.as_json()["usd"] is None


def test_a_meter_adds_up_the_time_also_when_what_it_times_fails():
    meter = Meter("ar")
    with pytest.raises(KeyError), meter.running():
        {}["absent"]
    once = meter.wall_seconds
    with meter.running():
        pass
    assert 0 < once < meter.wall_seconds
