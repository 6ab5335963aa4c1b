"""Maps chunks of rows over processes: results come in the order of the rows, and only a few chunks are held at a time.

A set that is soon done is checked in this process: starting others takes longer.
"""

import multiprocessing
import pickle
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice

from qantara.audit.checking import CheckSettings, ChunkResult, check_chunk, check_packed
from qantara.audit.rows import NumberedRow
from qantara.errors import QantaraError

CHUNK_ROWS = 512  # meanings are compared within a chunk
_WORTH_PROCESSES_CHUNKS = 4
_CHUNKS_AHEAD = 2  # for each worker


def check_rows(settings: CheckSettings, rows: Iterable[NumberedRow], num_workers: int) -> Iterator[ChunkResult]:
    """Yield the result of each chunk of `rows` in order; chunks, and so results, don't depend on the number of workers."""
    chunks = _chunks(rows)
    first = list(islice(chunks, 1 if settings.meaning else _WORTH_PROCESSES_CHUNKS))
    rest = next(chunks, None) if num_workers > 1 else None
    if rest is None:
        for chunk in chain(first, chunks):
            yield check_chunk(settings, chunk)
        return
    try:
        yield from _in_processes(settings, chain(first, [rest], chunks), num_workers)
    except BrokenProcessPool as error:
        message = "a worker process was ended from outside (out of memory?); try again with fewer --workers"
        raise QantaraError(message) from error


def _chunks(rows: Iterable[NumberedRow]) -> Iterator[list[NumberedRow]]:
    iterator = iter(rows)
    return iter(lambda: list(islice(iterator, CHUNK_ROWS)), [])


def _in_processes(
    settings: CheckSettings, chunks: Iterable[list[NumberedRow]], num_workers: int
) -> Iterator[ChunkResult]:
    packed = pickle.dumps(settings)
    context = multiprocessing.get_context("spawn")  # a fork copies locks that other threads hold
    pool = ProcessPoolExecutor(num_workers, mp_context=context, initializer=_leave_interrupts_to_the_parent)
    try:
        ahead: deque[Future[ChunkResult]] = deque()
        for chunk in chunks:
            ahead.append(pool.submit(check_packed, packed, chunk))
            if len(ahead) > num_workers * _CHUNKS_AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
