"""What HTTP statuses and headers mean for the next try."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qantara.llm.faults import FATAL, TURNED_DOWN, Failure, exhausted_for, fault_of_status, retry_after, wait_before


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (200, None),
        (400, None),
        (413, None),
        (422, None),
        (401, "refused_key"),
        (402, "refused_key"),  # no credit left: no text's fault, and never to be remembered as an answer
        (403, "refused_key"),
        (404, "not_found"),
        (405, "not_found"),
        (308, "not_found"),
        (408, "timeout"),
        (429, "rate_limited"),
        (500, "server_error"),
        (501, "server_error"),
        (503, "overloaded"),
        (504, "timeout"),
        (529, "overloaded"),
    ],
)
def test_what_a_status_means(status, fault):
    assert fault_of_status(status) == fault


@given(st.integers(300, 599))
def test_a_status_is_either_about_the_text_or_a_fault(status):
    assert (fault_of_status(status) is None) == (status in TURNED_DOWN)
    assert {fault for fault in [fault_of_status(status)] if fault and status < 400} <= FATAL


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": " 0.5 "}, 0.5),
        ({"Retry-After": "7", "retry-after-ms": "1500"}, 1.5),
        ({"Retry-After": "99999"}, 3600.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00"}, 0.0),
        ({"Retry-After": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "soon"}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers, seconds):
    assert retry_after(headers) == seconds


def test_a_date_to_wait_for_is_taken_as_seconds_from_now():
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 97 < retry_after({"Retry-After": date}) <= 100


@given(
    st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,4} [A-Z][a-z]{2} \d{1,9} \d\d:\d\d:\d\d [-+G]\w{2,5}")
)
def test_no_header_ends_a_run(text):
    for seconds in (retry_after({"Retry-After": text}), retry_after({"retry-after-ms": text})):
        assert seconds is None or 0 <= seconds <= 3600


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("6m0s", 360.0), ("1s", 1.0), ("500ms", 0.5), ("2m59.5s", 179.5), ("24h", 3600.0), ("2026-01-01T00:00:00Z", None)],
)
def test_a_used_up_quota_tells_when_it_is_renewed(told, seconds):
    headers = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": told}
    assert exhausted_for(headers) == seconds
    assert exhausted_for(headers | {"x-ratelimit-remaining-tokens": "1"}) is None


def test_what_the_server_asked_for_is_waited_for_in_full_and_not_by_all_until_the_same_moment():
    dice = random.Random(0)
    waits = [wait_before(3, Failure("rate_limited", 429, 10.0), dice) for _ in range(200)]
    assert 10.0 <= min(waits) < 10.1
    assert 10.9 < max(waits) <= 11.0


def test_without_its_word_waits_are_jittered_and_doubled_up_to_a_minute():
    dice = random.Random(0)
    for number, bound in [(1, 0.5), (2, 1.0), (5, 8.0), (8, 60.0), (200, 60.0)]:
        waits = [wait_before(number, Failure("server_error", 500), dice) for _ in range(400)]
        assert min(waits) < 0.05 * bound
        assert 0.95 * bound < max(waits) <= bound
