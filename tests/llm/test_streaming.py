"""Work in order: results, width, what fails and what is cancelled."""

import asyncio
import gc
import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from qantara.llm.streaming import in_order


async def after_a_while(number):
    await asyncio.sleep(random.Random(number).random() / 200)
    return number


@pytest.mark.parametrize("width", [1, 2, 7, 100])
def test_results_come_in_the_order_of_the_items(width):
    assert list(in_order(range(60), after_a_while, width)) == list(range(60))


def test_no_items_are_no_results():
    assert list(in_order([], after_a_while, 3)) == []


def test_at_most_width_items_are_taken_before_a_result_is_used():
    taken, working, most = [], 0, 0

    def items():
        for number in range(50):
            taken.append(number)
            yield number

    async def work(number):
        nonlocal working, most
        working += 1
        most = max(most, working)
        await after_a_while(number)
        working -= 1
        return number

    for number in in_order(items(), work, 8):
        assert len(taken) <= number + 8
    assert most == 8


def test_while_nobody_takes_results_nothing_runs():
    finished = []

    async def work(number):
        await asyncio.sleep(0.01 * number)
        finished.append(number)

    stream = in_order(range(5), work, 5)
    next(stream)
    time.sleep(0.1)
    assert finished == [0]
    list(stream)
    assert finished == [0, 1, 2, 3, 4]


def test_after_a_failure_no_item_is_started_and_those_at_work_end_before_it_rises():
    started, ended = [], []

    async def work(number):
        started.append(number)
        await asyncio.sleep(0.001 if number == 3 else 0.02 + number / 1000)
        if number in (3, 5):
            raise ValueError(f"item {number}")
        ended.append(number)
        return number

    results = []
    with pytest.raises(ValueError, match="item 3"):
        results.extend(in_order(range(100), work, 8))
    assert (started, sorted(ended)) == (list(range(8)), [0, 1, 2, 4, 6, 7])


def test_results_that_were_ready_before_a_failure_are_given_out_but_start_nothing():
    started = []

    async def work(number):
        started.append(number)
        if number == 4:
            raise ValueError("item 4")
        return number

    results = []
    with pytest.raises(ValueError, match="item 4"):
        results.extend(in_order(range(100), work, 5))
    assert results == [0, 1, 2, 3]
    assert started == [0, 1, 2, 3, 4]


def test_when_the_items_fail_those_at_work_come_to_their_end_first():
    ended = []

    def items():
        yield from range(5)
        raise ValueError("line 5 can't be read")

    async def work(number):
        await asyncio.sleep(0.01)
        ended.append(number)
        return number

    with pytest.raises(ValueError, match="line 5"):
        list(in_order(items(), work, 10))
    assert ended == [0, 1, 2, 3, 4]


def test_closing_cancels_what_is_at_work_and_awaits_the_closing():
    told = []

    async def work(number):
        try:
            await asyncio.sleep(0 if number == 0 else 30)
        except asyncio.CancelledError:
            told.append(number)
            raise

    async def close():
        await asyncio.sleep(0)
        told.append("closed")

    stream = in_order(range(9), work, 4, close)
    next(stream)
    stream.close()
    assert told == [1, 2, 3, "closed"]


@pytest.mark.parametrize("ending", ["whole", "failed", "unstarted"])
def test_closing_is_awaited_however_it_ends(ending):
    closed = []

    async def work(number):
        if ending == "failed":
            raise ValueError("no")

    async def close():
        closed.append(True)

    stream = in_order(range(3), work, 2, close)
    if ending == "whole":
        list(stream)
    elif ending == "failed":
        with pytest.raises(ValueError, match="no"):
            list(stream)
    del stream
    gc.collect()
    assert closed == [True] * (ending != "unstarted")  # what never began holds nothing


def test_a_wide_stream_costs_little_a_result():
    """A batch file is waited for with tens of thousands of items at once: nothing may look at all of them for each."""

    async def work(number):
        await asyncio.sleep(0)
        return number

    began = time.process_time()
    assert sum(1 for _ in in_order(range(10_000), work, 5_000)) == 10_000
    assert time.process_time() - began < 4


INTERRUPTED = textwrap.dedent("""
    import asyncio, sys
    from qantara.llm.streaming import in_order

    async def work(number):
        try:
            print("at work", flush=True)
            await asyncio.sleep(60)
        finally:
            print("let go", flush=True)

    async def close():
        print("closed", flush=True)

    try:
        list(in_order(range(5), work, 2, close))
    except KeyboardInterrupt:
        print("interrupted", flush=True)
""")


def test_an_interrupt_lets_go_closes_and_is_one_interrupt_without_noise():
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert [child.stdout.readline() for _ in range(2)] == ["at work\n"] * 2
        os.kill(child.pid, signal.SIGINT)
        out, noise = child.communicate(timeout=20)
    assert out.splitlines() == ["let go", "let go", "closed", "interrupted"]
    assert (noise, child.returncode) == ("", 0)
