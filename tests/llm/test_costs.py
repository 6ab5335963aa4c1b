"""Tokens and money by model, purpose and round; what is not known is never counted as nothing."""

from decimal import Decimal

from qantara.llm.calls import CallTotal, Unsettled
from qantara.llm.costs import as_json, cost_lines, sum_of, unsettled_usd
from qantara.llm.prices import Prices

PRICES = Prices.model_validate(
    {
        "prices": [
            {"model": "m", "from": "2026-01-01", "input": 1, "output": 10, "cached_input": "0.5"},
            {"model": "m", "from": "2026-02-01", "input": 2, "output": 20},
            {"model": "m", "from": "2026-01-01", "input": "0.1", "output": 1, "backend": "batch"},
        ]
    }
)


def total(**changes):
    settings = {"day": "2026-01-15", "purpose": "translate", "round": 0, "model": "m", "backend": "endpoint"}
    counts = {"calls": 1, "prompt_tokens": 1_000_000, "completion_tokens": 100_000, "cached_tokens": 0, "seconds": 1.0}
    return CallTotal(**(settings | counts | changes))


def lost(**changes):
    settings = {"day": "2026-01-15", "model": "m", "backend": "endpoint", "tries": 2}
    return Unsettled(**(settings | {"prompt_bound": 1_000_000, "completion_bound": 100_000} | changes))


def test_each_day_is_reckoned_at_its_price_and_days_are_one_line():
    [line] = cost_lines([total(cached_tokens=200_000), total(day="2026-02-15", calls=2)], PRICES)
    assert (line.calls, line.prompt_tokens, line.completion_tokens, line.cached_tokens) == (
        3,
        2_000_000,
        200_000,
        200_000,
    )
    assert (line.usd, line.pricing) == (Decimal("1.9") + Decimal(4), "priced")


def test_a_line_as_plain_values_has_its_money_to_the_last_digit():
    priced, unpriced = cost_lines([total(prompt_tokens=1, completion_tokens=0), total(model="z")], PRICES)
    assert (as_json(priced)["usd"], as_json(unpriced)["usd"]) == ("0.000001", None)
    assert as_json(priced)["pricing"] == "priced"


def test_models_backends_purposes_and_rounds_are_lines_of_their_own_in_order():
    totals = [
        total(round=1),
        total(),
        total(backend="batch"),
        total(model="a"),
        total(purpose="judge"),
    ]
    lines = cost_lines(totals, PRICES)
    assert [(line.purpose, line.model, line.backend, line.round) for line in lines] == [
        ("judge", "m", "endpoint", 0),
        ("translate", "a", "endpoint", 0),
        ("translate", "m", "batch", 0),
        ("translate", "m", "endpoint", 0),
        ("translate", "m", "endpoint", 1),
    ]
    assert [line.usd for line in lines] == [2, None, Decimal("0.2"), 2, 2]
    assert [line.pricing for line in lines] == ["priced", "unpriced", "priced", "priced", "priced"]


def test_a_model_that_had_no_price_on_one_of_the_days_is_unpriced():
    [line] = cost_lines([total(), total(day="2025-12-31")], PRICES)
    assert (line.usd, line.pricing) == (None, "unpriced")


def test_tokens_that_a_server_did_not_tell_make_the_sum_unknown_and_never_smaller():
    [line] = cost_lines([total(), total(day="2026-01-16", completion_tokens=None)], PRICES)
    assert (line.prompt_tokens, line.completion_tokens, line.usd, line.pricing) == (2_000_000, None, None, "priced")
    assert sum_of([line]) == (2, 2_000_000, None, None)


def test_what_runs_here_is_free_and_adds_nothing_to_the_sum():
    lines = cost_lines([total(), total(backend="local"), total(backend="recorded")], PRICES)
    assert [(line.backend, line.usd, line.pricing) for line in lines] == [
        ("endpoint", 2, "priced"),
        ("local", None, "free"),
        ("recorded", None, "free"),
    ]
    assert sum_of(lines) == (3, 3_000_000, 300_000, Decimal(2))
    assert sum_of(cost_lines([total(), total(model="a")], PRICES))[3] is None
    assert sum_of([]) == (0, 0, 0, Decimal(0))


def test_what_may_be_billed_is_told_at_most_and_a_local_model_bills_nobody():
    assert unsettled_usd([lost(), lost(day="2026-02-02"), lost(backend="local", model="x")], PRICES) == Decimal(6)
    assert unsettled_usd([lost(), lost(model="a")], PRICES) is None
    assert unsettled_usd([], PRICES) == 0
