"""Quotas and calls in flight, by a clock that the tests set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qantara.llm.limits import Bucket, InFlight


def test_without_a_quota_nobody_waits():
    bucket = Bucket(None)
    bucket.take(1e9)
    assert bucket.wait(1e9, 0.0) == 0.0


def test_two_seconds_worth_can_be_taken_at_once_and_then_it_flows_in_evenly():
    bucket = Bucket(600)
    assert bucket.wait(20, 100.0) == 0.0
    bucket.take(20)
    assert bucket.wait(5, 100.0) == pytest.approx(0.5)
    assert bucket.wait(5, 100.4) == pytest.approx(0.1)
    assert bucket.wait(5, 100.5) == 0.0
    assert bucket.wait(20, 1000.0) == 0.0
    bucket.take(20)
    assert bucket.wait(1, 1000.0) == pytest.approx(0.1)  # a long silence saved up no more


def test_the_first_request_of_the_slowest_quota_goes_at_once():
    bucket = Bucket(1)
    assert bucket.wait(1, 0.0) == 0.0
    bucket.take(1)
    assert bucket.wait(1, 0.0) == 60.0


def test_a_call_larger_than_two_seconds_worth_waits_but_not_for_ever():
    bucket = Bucket(600)
    assert bucket.wait(120, 0.0) == pytest.approx(10.0)
    bucket.give_back(5)  # an answer that took less than was thought must not lose what was saved up
    assert bucket.wait(120, 5.0) == pytest.approx(5.0)
    bucket.give_back(0)
    assert bucket.wait(120, 10.0) == 0.0
    bucket.take(120)
    assert bucket.wait(1, 10.0) == pytest.approx(0.1)


def test_what_was_taken_too_little_is_taken_later():
    bucket = Bucket(600)
    bucket.give_back(-30)
    assert bucket.wait(0, 0.0) == pytest.approx(1.0)


@given(st.floats(1, 1e5), st.lists(st.tuples(st.floats(0.1, 500), st.floats(0, 30)), min_size=1, max_size=40))
def test_no_more_than_the_quota_flows_out_in_any_time(per_minute, calls):
    bucket, now, taken = Bucket(per_minute), 0.0, 0.0
    for amount, idle in calls:
        now += idle
        waits = 0
        while (wait := bucket.wait(amount, now)) > 1e-6:
            now += wait
            waits += 1
            assert waits <= 3
        bucket.take(amount)
        taken += amount
        at_once = max(per_minute / 30, 1.0, *(amount for amount, _ in calls))
        assert taken <= now * per_minute / 60 + at_once + 1e-3


def test_in_flight_doubles_every_round_trip_up_to_the_most():
    flight = InFlight(100)
    sizes = []
    for _ in range(5):
        sizes.append(int(flight.allowed))
        for _ in range(sizes[-1]):
            flight.succeeded()
    assert sizes == [16, 32, 64, 100, 100]


def test_a_small_limit_holds_from_the_start():
    assert InFlight(3).allowed == 3.0


def test_too_many_halves_once_for_all_that_were_in_flight_together_and_never_below_one():
    flight = InFlight(64, allowed=64.0)
    for began in (1.0, 1.5, 2.0):
        flight.was_too_many(began, 3.0)
    assert flight.allowed == 32.0
    flight.was_too_many(2.9, 3.1)
    assert flight.allowed == 32.0
    for second in range(4, 14):
        flight.was_too_many(second, second + 0.5)
    assert flight.allowed == 1.0


def test_after_too_many_it_grows_by_one_a_round_trip():
    flight = InFlight(64, allowed=64.0)
    flight.was_too_many(1.0, 2.0)
    for _ in range(32):
        flight.succeeded()
    assert flight.allowed == pytest.approx(33, abs=0.05)
