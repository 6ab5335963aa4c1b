"""A server's batch protocol over aiohttp: files up and down, batches created, found and looked at.

Passing faults are tried again a bounded number of times. Creating is never repeated blindly: after a try of unknown end the
batch is looked for first. Knows nothing of calls or keys; error messages hold neither API keys nor text.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qantara.errors import CallError
from qantara.llm.batch_lines import ENDPOINT
from qantara.llm.endpoint import place_of
from qantara.llm.faults import FATAL, Failure, fault_of_status, retry_after, wait_before

if TYPE_CHECKING:
    import aiohttp

Json = dict[str, Any]
MARK = "qantara"  # the metadata entry that holds a receipt's id
_TRIES = 16
_FIRST_TRIES = 3
_PAGE = 100
_CLOCK_SLACK_SECONDS = 3600.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SAYS = {
    "refused_key": "the key was not accepted; set the environment variable named in api_key_env",
    "not_found": "no such path, file or batch; check url, and use the key that the batch was sent with",
}


class TurnedDown(CallError):
    """A file or batch was turned down, so that nothing was made of it."""


class _Passing(Exception):
    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.fault)


class BatchServer:
    """One server; each request opens its own connection, since there are minutes between them."""

    def __init__(self, url: str, api_key_env: str, timeout_seconds: float) -> None:
        self.place = place_of(url)
        self._url = url.rstrip("/")
        self._api_key_env = api_key_env
        self._timeout_seconds = timeout_seconds
        self._dice = random.Random()
        self._has_answered = False

    async def upload(self, path: Path) -> str:
        """Upload a batch file and return the server's id of it."""
        import aiohttp

        async def once() -> Json:
            with path.open("rb") as file:
                form = aiohttp.FormData({"purpose": "batch"})
                form.add_field("file", file, filename="requests.jsonl", content_type="application/jsonl")
                return await self._json("POST", "/files", data=form)

        return str((await self._persist(once))["id"])

    async def create(self, file_id: str, receipt_id: str, window: str) -> str:
        """Create a batch that carries `receipt_id` and return the server's id of it; the same receipt never makes two."""
        body = {
            "input_file_id": file_id,
            "endpoint": ENDPOINT,
            "completion_window": window,
            "metadata": {MARK: receipt_id},
        }
        is_first = True

        async def once() -> Json:
            nonlocal is_first
            if not is_first and (found := await self.find({receipt_id}, float("-inf"), most_pages=1)):
                return {"id": found[receipt_id]}
            is_first = False
            return await self._json("POST", "/batches", json=body, headers={"Idempotency-Key": receipt_id})

        return str((await self._persist(once))["id"])

    async def find(self, receipt_ids: Collection[str], since: float, most_pages: int = 10_000) -> dict[str, str]:
        """Return the batch ids of receipts; looks through the newest batches back to `since` (seconds since 1970)."""
        found: dict[str, str] = {}
        query = {"limit": str(_PAGE)}
        for _ in range(most_pages):
            page = await self.get("/batches", query)
            batches = page.get("data") or []
            for batch in batches:
                mark = str((batch.get("metadata") or {}).get(MARK))
                if mark in receipt_ids:
                    found[mark] = str(batch["id"])
            is_last = not batches or not page.get("has_more") or len(found) == len(receipt_ids)
            if is_last or batches[-1].get("created_at", 0) < since - _CLOCK_SLACK_SECONDS:
                break
            query["after"] = str(batches[-1]["id"])
        return found

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """Return what stands at a path, a batch for instance."""
        return await self._persist(lambda: self._json("GET", path, params=query))

    async def lines(self, file_id: str) -> AsyncIterator[bytes]:
        """Yield the lines of a file; after a broken connection all over again, so a line may come twice."""
        try_number = 0
        while True:
            try:
                async for line in self._lines_once(file_id):
                    yield line
            except _Passing as passing:
                try_number += 1
                await self._pause(try_number, passing.failure)
            else:
                return

    async def _persist(self, once: Callable[[], Awaitable[Json]]) -> Json:
        try_number = 0
        while True:
            try:
                return await once()
            except _Passing as passing:
                try_number += 1
                await self._pause(try_number, passing.failure)

    async def _lines_once(self, file_id: str) -> AsyncIterator[bytes]:
        import aiohttp

        try:
            async with self._session() as session, session.get(f"{self._url}/files/{file_id}/content") as answer:
                self._check("GET", answer.status, answer.headers)
                rest = b""
                async for chunk in answer.content.iter_any():
                    *whole, rest = (rest + chunk).split(b"\n")
                    for line in whole:
                        yield line
                if rest:
                    yield rest
        except TimeoutError as error:
            raise _Passing(Failure("timeout")) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _Passing(Failure("connection")) from error

    async def _json(self, method: str, path: str, **what: Any) -> Json:  # noqa: ANN401  (what aiohttp takes)
        import aiohttp

        try:
            async with self._session() as session, session.request(method, self._url + path, **what) as answer:
                self._check(method, answer.status, answer.headers)
                value = await answer.json(content_type=None)
        except TimeoutError as error:
            raise _Passing(Failure("timeout")) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _Passing(Failure("connection")) from error
        except ValueError as error:
            raise CallError(f"{self.place}: the answer is no JSON; is the url right (does it end in /v1)?") from error
        if not isinstance(value, dict):
            raise CallError(f"{self.place}: the answer is of no batch server; is the url right (does it end in /v1)?")
        return value

    def _session(self) -> "aiohttp.ClientSession":
        import aiohttp

        return aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=self._timeout_seconds),
            headers={"Authorization": f"Bearer {os.environ.get(self._api_key_env) or 'none'}"},
            trust_env=urlsplit(self._url).hostname not in _LOOPBACK,
        )

    def _check(self, method: str, status: int, headers: Mapping[str, str]) -> None:
        fault = fault_of_status(status)
        error = TurnedDown if method == "POST" else CallError
        if fault in FATAL:
            raise error(f"{self.place}: {_SAYS[fault]} (HTTP {status})")
        if fault is not None:
            raise _Passing(Failure(fault, status, retry_after(headers)))
        if status >= 400:
            raise error(f"{self.place}: the batch or its file was turned down (HTTP {status}); check model and limits")
        self._has_answered = True

    async def _pause(self, try_number: int, failure: Failure) -> None:
        """Wait before the next try, or raise CallError when there is none."""
        most = _TRIES if self._has_answered else _FIRST_TRIES  # who never answered is more likely misnamed than unwell
        if try_number >= most:
            status = f", HTTP {failure.status}" if failure.status else ""
            raise CallError(
                f"{self.place}: can't be used ({failure.fault.replace('_', ' ')}{status}), also after {most} tries; what was "
                "sent is kept there: run the same command again when it is well"
            )
        await asyncio.sleep(wait_before(try_number, failure, self._dice))
