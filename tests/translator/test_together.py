import asyncio

import pytest

from qantara.translator.together import all_of


async def late(value, done):
    await asyncio.sleep(0.01)
    done.append(value)
    return value


async def failing(error):
    raise error


def test_results_come_in_the_order_of_what_was_asked():
    async def run():
        return await all_of([late(1, []), late(2, []), late(3, [])])

    assert asyncio.run(run()) == [1, 2, 3]


def test_a_failure_waits_for_the_others_and_the_first_one_rises():
    done = []

    async def run():
        await all_of([late(1, done), failing(ValueError("first")), failing(KeyError("second")), late(2, done)])

    with pytest.raises(ValueError, match="first"):
        asyncio.run(run())
    assert done == [1, 2]
