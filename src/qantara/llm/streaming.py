"""Asynchronous work as a plain generator: many items at once, results in the order of the items, bounded memory.

Knows nothing of models. The loop runs only while the next result is waited for.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_order(
    items: Iterable[T],
    work: Callable[[T], Awaitable[R]],
    width: int,
    close: Callable[[], Awaitable[None]] | None = None,
) -> Generator[R, None, None]:
    """Run `work` on up to `width` items at once and yield the results in the order of the items.

    When one item fails, or the items themselves do, no new one is started, those that are at work come to their end, and the first
    failure rises. Closing the generator, or an interrupt, cancels what is at work. `close` is awaited last, on the same loop.
    """
    waiting = iter(items)
    flying: deque[asyncio.Task[R]] = deque()
    with asyncio.Runner() as runner:
        failed: asyncio.Future[None] = runner.get_loop().create_future()

        def ended(task: asyncio.Task[R]) -> None:
            if not failed.done() and not task.cancelled() and task.exception() is not None:
                failed.set_result(None)

        try:
            exhausted = False
            while True:
                while not exhausted and not failed.done() and len(flying) < width:
                    try:
                        item = next(waiting)
                    except StopIteration:
                        exhausted = True
                        break
                    except Exception:
                        runner.run(_all_ended(flying))
                        raise
                    task = runner.get_loop().create_task(_started(work, item))
                    task.add_done_callback(ended)
                    flying.append(task)
                if not flying:
                    return
                yield runner.run(_first(flying, failed))
        finally:
            runner.run(_stop(flying, close))


async def _started(work: Callable[[T], Awaitable[R]], item: T) -> R:
    return await work(item)


async def _first(flying: deque[asyncio.Task[R]], failed: "asyncio.Future[None]") -> R:
    """Return the result of the oldest task; if any task fails before that, wait for all and raise the first failure."""
    oldest = flying[0]
    if not oldest.done():
        either: list[asyncio.Future[Any]] = [oldest, failed]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if oldest.done() and (oldest.cancelled() or oldest.exception() is None):
        flying.popleft()
        return oldest.result()
    await _all_ended(flying)
    failures = [error for task in flying if not task.cancelled() and (error := task.exception()) is not None]
    flying.clear()
    raise failures[0]


async def _all_ended(flying: deque[asyncio.Task[R]]) -> None:
    if flying:
        await asyncio.wait(flying)


async def _stop(flying: deque[asyncio.Task[R]], close: Callable[[], Awaitable[None]] | None) -> None:
    for task in flying:
        task.cancel()
    await asyncio.gather(*flying, return_exceptions=True)
    flying.clear()
    if close is not None:
        await close()
