"""Waits for several calls at once; knows nothing of models."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def all_of(awaitables: Iterable[Awaitable[T]]) -> list[T]:
    """Wait for all of them, also when one fails, so that nothing paid for is left running; then raise the first failure."""
    outcomes = await asyncio.gather(*awaitables, return_exceptions=True)
    results = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        results.append(outcome)
    return results
