"""Gathering: lists after a quiet time or at the limit, answers one by one, errors for all, on a loop run piecewise."""

import asyncio
import threading
import time

import pytest

from qantara.errors import CallError
from qantara.llm.gathering import Gathering, Waiting
from qantara.llm.interface import Message, Request, Response


class Sending:
    async def __call__(self, after=None) -> None:
        """Note nothing."""

    async def ended(self, fault) -> None:
        """Note nothing."""


def request(text: str) -> Request:
    return Request(model="m", messages=(Message("user", text),), max_tokens=9)


def response(asked: Request) -> Response:
    text = f"answer to {asked.messages[0].content}"
    return Response(text=text, finish_reason="stop", prompt_tokens=1, completion_tokens=1, model="m", seconds=0.0)


class Work:
    """Answers lists and keeps how long they were."""

    def __init__(self, delay_seconds: float = 0.0) -> None:
        self.sizes: list[int] = []
        self.delay_seconds = delay_seconds
        self.at_once = self.most_at_once = 0

    async def __call__(self, calls: list[Waiting]) -> None:
        self.sizes.append(len(calls))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.delay_seconds)
        for call in calls:
            call.answer(response(call.request))
        self.at_once -= 1


def gathering(work, *, limit: int = 100, linger_seconds: float = 0.05, at_once: int | None = None) -> Gathering:
    return Gathering(work, limit=limit, linger_seconds=linger_seconds, at_once=at_once)


def ask(some: Gathering, *texts: str) -> list[asyncio.Task[Response]]:
    return [asyncio.ensure_future(some.answer(request(text), Sending())) for text in texts]


def test_calls_that_come_together_are_one_list_and_each_gets_its_own_answer():
    work = Work()

    async def story() -> list[Response]:
        return await asyncio.gather(*ask(gathering(work), *"abcde"))

    assert [answer.text for answer in asyncio.run(story())] == [f"answer to {letter}" for letter in "abcde"]
    assert work.sizes == [5]


def test_a_call_that_comes_in_the_linger_time_is_waited_for():
    work = Work()

    async def story() -> None:
        some = gathering(work, linger_seconds=0.2)
        first = ask(some, "a")
        await asyncio.sleep(0.12)
        second = ask(some, "b")
        await asyncio.sleep(0.12)
        assert work.sizes == []  # quiet for 0.12 s only
        await asyncio.gather(*first, *second)

    asyncio.run(story())
    assert work.sizes == [2]


def test_a_full_list_is_not_waited_for_and_no_list_is_longer_than_the_limit():
    work = Work()

    async def story() -> None:
        some = gathering(work, limit=3, linger_seconds=600)
        tasks = ask(some, *"abcdefg")
        await asyncio.gather(*tasks[:6])
        assert not tasks[6].done()
        tasks += ask(some, *"hi")
        await asyncio.gather(*tasks)

    asyncio.run(asyncio.wait_for(story(), 60))
    assert work.sizes == [3, 3, 3]


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (None, 3)])
def test_as_many_lists_are_worked_on_as_is_said(at_once, most):
    work = Work(0.1)

    async def story() -> None:
        await asyncio.gather(*ask(gathering(work, limit=2, at_once=at_once), *"abcdef"))

    asyncio.run(story())
    assert (work.sizes, work.most_at_once) == ([2, 2, 2], most)


def test_an_answer_is_there_before_the_others_of_its_list():
    go_on = asyncio.Event()

    async def work(calls: list[Waiting]) -> None:
        calls[1].answer(response(calls[1].request))
        await go_on.wait()
        calls[0].answer(response(calls[0].request))

    async def story() -> None:
        first, second = ask(gathering(work), "a", "b")
        assert (await second).text == "answer to b"
        assert not first.done()
        go_on.set()
        assert (await first).text == "answer to a"

    asyncio.run(story())


def test_a_failure_reaches_the_list_and_all_that_wait_and_later_calls_start_afresh():
    broken = True

    async def work(calls: list[Waiting]) -> None:
        await asyncio.sleep(0.1)
        if broken:
            raise CallError("the server is gone")
        await Work()(calls)

    async def story() -> None:
        nonlocal broken
        some = gathering(work, limit=2, at_once=1)
        outcomes = await asyncio.gather(*ask(some, *"abcde"), return_exceptions=True)
        assert [str(outcome) for outcome in outcomes] == ["the server is gone"] * 5
        broken = False
        assert (await ask(some, "f")[0]).text == "answer to f"

    asyncio.run(story())


def test_a_call_that_work_forgot_is_a_bug_that_shows():
    async def work(calls: list[Waiting]) -> None:
        calls[0].answer(response(calls[0].request))

    async def story() -> None:
        first, second = ask(gathering(work), "a", "b")
        await first
        with pytest.raises(RuntimeError, match="no answer"):
            await second

    asyncio.run(story())


def test_a_call_that_is_given_up_is_left_out_or_seen_as_over():
    seen: list[list[bool]] = []
    is_taken, go_on = asyncio.Event(), asyncio.Event()

    async def work(calls: list[Waiting]) -> None:
        is_taken.set()
        await go_on.wait()
        seen.append([call.is_over for call in calls])
        for call in calls:
            call.answer(response(call.request))

    async def story() -> None:
        early, kept, late = ask(gathering(work), "a", "b", "c")
        await asyncio.sleep(0)
        early.cancel()
        await is_taken.wait()
        late.cancel()
        await asyncio.sleep(0)
        go_on.set()
        assert (await kept).text == "answer to b"

    asyncio.run(story())
    assert seen == [[False, True]]


def test_closing_cancels_what_waits_and_what_is_worked_on():
    ended = []

    async def work(calls: list[Waiting]) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(len(calls))

    async def story() -> None:
        some = gathering(work, limit=2, at_once=1)
        tasks = ask(some, *"abc")
        await asyncio.sleep(0.1)
        await some.close()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 3
        await some.close()  # nothing is left to close

    asyncio.run(story())
    assert ended == [2]


def test_a_loop_that_stands_still_between_runs_takes_no_list_early_and_loses_none():
    work = Work()
    with asyncio.Runner() as runner:
        some = gathering(work, linger_seconds=0.2)

        async def begin(text: str) -> asyncio.Task[Response]:
            [task] = ask(some, text)
            await asyncio.sleep(0.01)
            return task

        async def end(*tasks: asyncio.Task[Response]) -> list[Response]:
            return await asyncio.gather(*tasks)

        first = runner.run(begin("a"))
        time.sleep(0.5)  # more than the linger time, but nothing could come
        second = runner.run(begin("b"))
        assert [answer.text for answer in runner.run(end(first, second))] == ["answer to a", "answer to b"]
        assert work.sizes == [2]
        time.sleep(0.1)
        third = runner.run(begin("c"))
        assert runner.run(end(third))[0].text == "answer to c"
    assert work.sizes == [2, 1]


def test_one_gathering_serves_one_loop_after_another():
    work = Work()
    some = gathering(work)

    async def leave() -> None:
        ask(some, "a")
        await asyncio.sleep(0)  # the loop ends while it waits

    async def stay() -> Response:
        return await ask(some, "b")[0]

    asyncio.run(leave())
    assert asyncio.run(stay()).text == "answer to b"
    assert work.sizes == [1]


def test_a_thread_answers_and_takes_more():
    def in_thread(some: Gathering, calls: list[Waiting]) -> None:
        while True:
            for call in calls[:]:
                call.answer_from_thread(response(call.request))
                time.sleep(0.05)
            if not (more := some.take(10)):
                return
            calls[:] = more

    async def story() -> None:
        threads: list[str] = []

        async def work(calls: list[Waiting]) -> None:
            threads.append(threading.current_thread().name)
            await asyncio.to_thread(in_thread, some, calls)

        some = gathering(work, limit=2, at_once=1)
        answers = await asyncio.gather(*ask(some, *"abcdef"))
        assert [answer.text for answer in answers] == [f"answer to {letter}" for letter in "abcdef"]
        assert len(threads) == 1  # one list, that grew

    asyncio.run(story())
