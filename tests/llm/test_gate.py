"""The gate: order, pauses, quotas, and that no cancellation anywhere loses a place."""

import asyncio
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qantara.errors import CallError
from qantara.llm.breaker import Breaker
from qantara.llm.faults import Failure
from qantara.llm.gate import Gate
from qantara.llm.limits import InFlight
from qantara.llm.streaming import in_order


def gate(most=2, patience=3, pause=0.05, **quotas):
    return Gate("http://here/v1", InFlight(most), Breaker(patience, first_pause_seconds=pause), **quotas)


async def settle():
    """Let everything run that can run now."""
    for _ in range(10):
        await asyncio.sleep(0)


def entering(gated, number=1, tokens=1.0):
    return [asyncio.ensure_future(gated.enter(tokens)) for _ in range(number)]


async def trip(gated):
    """Let so many calls fail that the breaker opens; they were inside together."""
    for call in entering(gated, 10):
        gated.failed(Failure("server_error", 500), await call, 1.0)
    assert not gated.breaker.is_closed


def test_turns_come_in_the_order_of_arrival_and_never_more_than_places():
    async def run():
        gated, order = gate(3), []

        async def call(number):
            await gated.enter(1.0)
            order.append(number)
            assert gated.num_inside <= 3
            await asyncio.sleep(0)
            gated.answered(1.0, 1.0)

        await asyncio.gather(*(call(number) for number in range(50)))
        return order, gated.num_inside

    assert asyncio.run(run()) == (list(range(50)), 0)


@pytest.mark.parametrize("fault", ["rate_limited", "overloaded"])
def test_nobody_is_let_in_while_the_server_asks_for_patience(fault):
    async def run():
        gated = gate(4)
        [first] = entering(gated)
        gated.failed(Failure(fault, 429, 0.1), await first, 1.0)
        started = time.monotonic()
        await asyncio.gather(*entering(gated, 2))
        return time.monotonic() - started

    assert 0.1 <= asyncio.run(run()) < 0.5


def test_those_who_wait_for_the_quota_hold_no_place_and_heed_a_later_pause():
    async def run():
        gated = gate(4, requests_per_minute=240)  # eight at once, then four a second
        for call in entering(gated, 7):
            await call
            gated.answered(1.0, 1.0)
        first, *others = entering(gated, 3)
        began = await first
        assert gated.num_inside == 1
        gated.failed(Failure("rate_limited", 429, 0.6), began, 1.0)
        await asyncio.sleep(0.5)
        assert not any(call.done() for call in others)
        for call in others:
            call.cancel()
        await settle()
        return gated.num_inside

    assert asyncio.run(run()) == 0


def test_a_quota_told_as_used_up_is_waited_for():
    async def run():
        gated = gate(4)
        [first] = entering(gated)
        await first
        gated.answered(1.0, 1.0, exhausted_seconds=0.1)
        started = time.monotonic()
        await gated.enter(1.0)
        return time.monotonic() - started

    assert 0.1 <= asyncio.run(run()) < 0.5


def test_who_stands_behind_a_large_call_that_is_cancelled_waits_only_for_itself():
    async def run():
        gated = gate(4, tokens_per_minute=600)  # 20 at once, then 10 a second
        [large] = entering(gated, tokens=5000.0)
        [small] = entering(gated, tokens=10.0)
        await settle()
        assert not small.done()
        large.cancel()
        await asyncio.wait_for(small, 0.5)

    asyncio.run(run())


def test_a_place_that_was_given_but_not_taken_up_is_given_back():
    async def run():
        gated = gate(1)
        first, second, third = entering(gated, 3)
        await first
        gated.answered(1.0, 1.0)  # it is the second's turn, who is cancelled before it runs
        second.cancel()
        await asyncio.wait_for(third, 1.0)
        gated.answered(1.0, 1.0)
        return gated.num_inside

    assert asyncio.run(run()) == 0


def test_after_a_pause_one_probe_goes_and_its_answer_lets_the_others_in():
    async def run():
        gated = gate(16)
        await trip(gated)
        calls = entering(gated, 5)
        await asyncio.sleep(0.03)
        assert gated.num_inside == 0
        await asyncio.wait_for(calls[0], 1.0)
        await settle()
        assert gated.num_inside == 1
        gated.answered(1.0, 1.0)
        await asyncio.wait_for(asyncio.gather(*calls), 1.0)
        return gated.num_inside

    assert asyncio.run(run()) == 4


@pytest.mark.parametrize("end", ["cancelled", "given_up", "rate_limited"])
def test_a_probe_that_tells_nothing_is_followed_by_another(end):
    async def run():
        gated = gate(16)
        await trip(gated)
        probe, second, third = entering(gated, 3)
        if end == "cancelled":
            await asyncio.sleep(0.04)
            probe.cancel()
        else:
            began = await probe
            gated.given_up(began, 1.0) if end == "given_up" else gated.failed(Failure("rate_limited", 429), began, 1.0)
        await asyncio.wait_for(second, 1.0)
        await settle()
        assert not third.done()
        assert gated.breaker.num_pauses == 1
        gated.answered(1.0, 1.0)
        await asyncio.wait_for(third, 1.0)
        gated.answered(1.0, 1.0)
        return gated.num_inside

    assert asyncio.run(run()) == 0


def test_a_call_from_before_the_pause_that_is_told_to_slow_down_lets_no_second_probe_out():
    async def run():
        gated = gate(16)
        [old] = entering(gated)
        began = await old
        await trip(gated)
        probe, second = entering(gated, 2)
        await probe
        gated.failed(Failure("rate_limited", 429), began, 1.0)
        await settle()
        return second.done(), second.cancel()

    assert asyncio.run(run()) == (False, True)


def test_when_patience_ends_all_who_wait_and_all_who_come_are_sent_home():
    async def run():
        gated = gate(16, patience=1, pause=0.02)
        await trip(gated)
        probe, *others = entering(gated, 5)
        gated.failed(Failure("connection"), await probe, 1.0)
        ends = await asyncio.gather(*others, gated.enter(1.0), return_exceptions=True)
        return ends, gated.num_inside

    ends, inside = asyncio.run(run())
    assert inside == 0
    assert {type(end) for end in ends} == {CallError}
    assert str(ends[-1]).startswith("http://here/v1: most calls failed, also after 1 pauses")


def test_a_pause_is_no_busy_loop():
    async def run():
        gated = gate(16, pause=0.3, requests_per_minute=6000)
        await trip(gated)
        used = time.process_time()
        calls = entering(gated, 50)
        await asyncio.wait_for(calls[0], 2.0)
        used = time.process_time() - used
        for call in calls:
            call.cancel()
        return used

    assert asyncio.run(run()) < 0.05


def test_alarms_ring_also_when_the_loop_runs_piecewise():
    gated = gate(2, requests_per_minute=600)

    async def work(number):
        began = await gated.enter(1.0)
        await asyncio.sleep(0.001)
        if number == 3:
            gated.failed(Failure("rate_limited", 429, 0.05), began, 1.0)
        else:
            gated.answered(1.0, 1.0)
        return number

    numbers = []
    for number in in_order(range(25), work, 10):
        numbers.append(number)
        time.sleep(0.005)  # the loop stands still
    assert numbers == list(range(25))
    assert gated.num_inside == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.booleans(), st.integers(1, 4))
def test_however_calls_end_and_whenever_they_are_cancelled_no_place_is_lost(seed, has_quota, most):
    dice = random.Random(seed)
    quotas = {"requests_per_minute": 60_000.0, "tokens_per_minute": 600_000.0} if has_quota else {}
    gated = gate(most, patience=10**6, pause=0.0005, **quotas)
    faults = ["rate_limited", "overloaded", "server_error", "timeout"]

    async def call():
        tokens = dice.choice([1.0, 50.0])
        began = await gated.enter(tokens)
        try:
            await asyncio.sleep(dice.choice([0, 0, 0.0005]))
        except asyncio.CancelledError:
            gated.given_up(began, tokens)
            raise
        if dice.random() < 0.7:
            wait = dice.choice([None, 0.001])
            gated.failed(Failure(dice.choice(faults), 500, wait), began, tokens)
        else:
            gated.answered(tokens, dice.choice([None, 3.0]), dice.choice([None, 0.001]))

    async def run():
        calls = [asyncio.ensure_future(call()) for _ in range(40)]
        while not all(one.done() for one in calls):
            dice.choice(calls).cancel()
            assert gated.num_inside <= most
            await asyncio.sleep(dice.choice([0, 0, 0.0003]))
        assert gated.num_inside == 0
        await asyncio.wait_for(gated.enter(1.0), 2.0)  # and the gate still lets people in

    asyncio.run(run())
