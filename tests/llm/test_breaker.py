"""The circuit breaker, by a clock that the tests set."""

from qantara.llm.breaker import LEAST_TRIES, LONGEST_PAUSE_SECONDS, WINDOW, Breaker


def opened(patience=3):
    """Return a breaker that has just opened, at second 10, for 5 seconds."""
    breaker = Breaker(patience)
    for _ in range(LEAST_TRIES):
        assert breaker.wait(9.0) == 0.0
        breaker.failed(9.0, 10.0)
    assert not breaker.is_closed
    return breaker


def test_a_few_failures_open_nothing_and_nor_does_a_minority():
    breaker = Breaker(3)
    for _ in range(LEAST_TRIES - 1):
        breaker.failed(0.0, 1.0)
    assert breaker.is_closed
    assert not breaker.has_ever_succeeded
    breaker = Breaker(3)
    for _ in range(WINDOW):
        breaker.succeeded(1.0)
        breaker.failed(0.0, 1.0)
    assert breaker.is_closed
    assert breaker.has_ever_succeeded


def test_old_successes_do_not_hide_a_server_that_has_died():
    breaker = Breaker(3)
    for _ in range(10 * WINDOW):
        breaker.succeeded(1.0)
    for _ in range(WINDOW // 2 + 1):
        assert breaker.is_closed
        breaker.failed(1.0, 2.0)
    assert not breaker.is_closed


def test_after_the_pause_one_call_is_the_probe_and_its_answer_lets_all_through():
    breaker = opened()
    assert breaker.wait(12.0) == 3.0
    assert breaker.wait(15.0) == 0.0
    assert breaker.wait(15.5) is None
    breaker.succeeded(16.0)
    assert (breaker.is_closed, breaker.num_pauses) == (True, 0)
    assert breaker.wait(16.0) == 0.0


def test_pauses_double_up_to_a_minute_and_patience_ends():
    breaker, now, pauses = opened(patience=6), 10.0, []
    while not breaker.is_hopeless:
        pauses.append(breaker.wait(now))
        now += pauses[-1]
        assert breaker.wait(now) == 0.0
        breaker.failed(now, now)
    assert pauses == [5.0, 10.0, 20.0, 40.0, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]


def test_a_try_from_before_the_pause_is_no_probe():
    breaker = opened()
    breaker.failed(9.0, 12.0)
    assert breaker.wait(15.0) == 0.0
    breaker.failed(9.0, 15.5)  # it hung until its timeout
    breaker.cancelled(9.0)
    assert breaker.wait(16.0) is None
    assert breaker.num_pauses == 1
    breaker.failed(15.0, 16.0)
    assert breaker.num_pauses == 2


def test_late_failures_from_before_the_pause_open_nothing_after_it():
    breaker = opened()
    breaker.wait(15.0)
    breaker.succeeded(16.0)
    for _ in range(3 * LEAST_TRIES):
        breaker.failed(9.0, 17.0)
    assert breaker.is_closed
    for _ in range(LEAST_TRIES):
        breaker.failed(16.0, 17.0)
    assert not breaker.is_closed


def test_a_late_answer_from_before_the_pause_ends_it():
    breaker = opened()
    breaker.succeeded(11.0)
    assert breaker.is_closed


def test_when_the_probe_is_given_up_another_call_is():
    breaker = opened()
    assert breaker.wait(15.0) == 0.0
    breaker.cancelled(15.0)
    assert breaker.wait(15.2) == 0.0
    assert breaker.wait(15.3) is None
    assert breaker.num_pauses == 1


def test_no_patience_at_all_ends_with_the_first_pause():
    assert opened(patience=0).is_hopeless
