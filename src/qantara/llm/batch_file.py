"""OpenAI's batch files as a backend: calls that wait together become a file, whose answers come within hours.

Keys and bodies are those of the endpoint backend. A batch outlives this process: what was sent stands in the run's ledger and is
found again by whoever runs next, so nothing is paid twice. What a batch did not get to in its time is sent again, a bounded
number of times.
"""

import asyncio
import tempfile
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from qantara.errors import CallError, CallFailed, QantaraError
from qantara.llm.batch_lines import portions, read_line, write_lines
from qantara.llm.batch_receipts import Receipt, Receipts, new_receipt
from qantara.llm.batch_server import BatchServer, Json, TurnedDown
from qantara.llm.faults import FATAL
from qantara.llm.gathering import Gathering, Waiting
from qantara.llm.interface import Fault, Request, Response, Sending, call_key

_ENDED = frozenset({"completed", "expired", "cancelled", "failed"})
_SETTLING_SECONDS = 5.0  # a create that was under way at a kill has arrived by then
_GROWTH, _MOST_GROWTH = 1.5, 10
_BEING_CREATED: set[str] = (
    set()
)  # receipts at work in this process: another backend on the same ledger leaves them alone


class BatchConfig(BaseModel):
    """A server that speaks the OpenAI batch protocol (files and batches)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["batch"] = Field(description="batch: files of requests, answered within hours")
    url: str = Field(pattern=r"^https?://[^@]+$", description="base URL without credentials, usually ending in /v1")
    model: str = Field(min_length=1, description="the model's name on that server")
    api_key_env: str = Field(
        default="OPENAI_API_KEY", description="environment variable that holds the key; unset: none is needed"
    )
    completion_window: str = Field(default="24h", description="time the server is given, as it names it")
    poll_seconds: float = Field(
        default=20, gt=0, le=3600, description="first wait before asking how far a batch is; grows tenfold"
    )
    max_requests_per_file: int = Field(default=50_000, ge=1, le=50_000, description="requests of one batch at most")
    max_bytes_per_file: int = Field(
        default=200_000_000, ge=1, le=200_000_000, description="bytes of one batch file at most"
    )
    linger_seconds: float = Field(
        default=5, gt=0, le=600, description="a file is made when no further call came for so long"
    )
    max_resubmissions: int = Field(
        default=3,
        ge=0,
        le=100,
        description="further batches for a call that one did not get to, or where it failed in passing",
    )
    timeout_seconds: float = Field(
        default=120, gt=0, le=3600, description="longest silence of the server in one transfer"
    )
    reasoning: bool = Field(
        default=False,
        description="a reasoning model of OpenAI's kind: max_completion_tokens, which its thoughts count to, no temperature",
    )
    enforce_schema: bool = Field(default=False, description="send a judge's JSON schema as response_format")


class _NoAnswer(Exception):
    """A call came back without an answer; `error` says that it is not to be sent again."""

    def __init__(self, fault: Fault, error: CallError | None = None) -> None:
        self.fault = fault
        self.error = error
        super().__init__(fault)


class BatchBackend:
    """Calls in batch files; receipts of what was sent stand in the ledger behind `engine`."""

    name = "batch"

    def __init__(self, config: BatchConfig, engine: sa.Engine) -> None:
        self._config = config
        self._server = BatchServer(config.url, config.api_key_env, config.timeout_seconds)
        self._receipts = Receipts(engine, config.url)
        self._gathering = Gathering(self._work, limit=self.capacity, linger_seconds=config.linger_seconds)
        self._recovering: asyncio.Task[None] | None = None
        self._sent_before: dict[str, Receipt] = {}
        self._never_created: set[str] = set()

    @property
    def capacity(self) -> int:
        """Return how many calls one file takes."""
        return self._config.max_requests_per_file

    async def answer(self, request: Request, sending: Sending) -> Response:
        """Return the answer out of a batch; see `Backend`. A call that an earlier process sent is not sent again."""
        if request.prompt:
            raise CallError("backend batch takes no raw prompts, only chat messages; ask an endpoint for them")
        await self._recovered()
        key = call_key(request)
        after: Fault | None = "overloaded" if key in self._never_created else None
        most = self._config.max_resubmissions + 1
        for _ in range(most):
            if key not in self._sent_before:
                await sending(after)  # may wait for the budget: others then make a file without this call
            try:
                return await self._gathering.answer(request, sending)
            except _NoAnswer as none:
                self._sent_before.pop(key, None)
                after = none.fault
                if none.error is not None:
                    await sending.ended(none.fault)
                    raise none.error from none
        after = after or "overloaded"
        await sending.ended(after)
        raise CallFailed(f"{self._server.place}: call {key} got no answer in {most} batches ({after})", after)

    async def close(self) -> None:
        """Stop waiting. Batches stay at the server: whoever runs next finds them."""
        if self._recovering is not None:
            self._recovering.cancel()
            await asyncio.gather(self._recovering, return_exceptions=True)
            self._recovering = None
        await self._gathering.close()

    async def _recovered(self) -> None:
        """Wait until it is known what earlier processes sent; the first call starts that."""
        if self._recovering is None or self._recovering.cancelled():
            self._recovering = asyncio.create_task(self._recover())
        await asyncio.shield(self._recovering)

    async def _recover(self) -> None:
        """Find the batches of calls that have no answer; those that never came to be are to be sent anew."""
        unanswered = await asyncio.to_thread(self._receipts.unanswered)
        sent = {key: receipt for key, receipt in unanswered.items() if receipt.id not in _BEING_CREATED}
        lost = {receipt.id: receipt for receipt in sent.values() if receipt.batch_id is None}
        found = await self._found(list(lost.values()))
        for receipt_id in lost:
            batch_id = found.get(receipt_id)
            await asyncio.to_thread(self._receipts.note, receipt_id, "created" if batch_id else "never_ran", batch_id)
        for key, receipt in sent.items():
            batch_id = receipt.batch_id or found.get(receipt.id)
            if batch_id is None:
                self._never_created.add(key)
            else:
                self._sent_before[key] = Receipt(receipt.id, receipt.state, batch_id, receipt.planned_at)

    async def _found(self, lost: Sequence[Receipt]) -> dict[str, str]:
        """Return the server's ids of batches whose creation nobody heard of."""
        if not lost:
            return {}
        newest = max(receipt.planned_at for receipt in lost)
        await asyncio.sleep(min(max(newest + _SETTLING_SECONDS - time.time(), 0), _SETTLING_SECONDS))
        return await self._server.find({receipt.id for receipt in lost}, min(receipt.planned_at for receipt in lost))

    async def _work(self, calls: list[Waiting]) -> None:
        """Follow the batches that were sent before, send the other calls; each batch fails for itself."""
        waiting = {call_key(call.request): call for call in calls}
        old: dict[str, tuple[Receipt, dict[str, Waiting]]] = {}
        for key in waiting.keys() & self._sent_before.keys():
            receipt = self._sent_before[key]
            old.setdefault(receipt.id, (receipt, {}))[1][key] = waiting[key]
        new = [call.request for key, call in waiting.items() if key not in self._sent_before]
        jobs = [_alone(self._follow(receipt, some), some) for receipt, some in old.values()]
        for portion in portions(new, self._config.max_requests_per_file, self._config.max_bytes_per_file):
            some = {key: waiting[key] for key in map(call_key, portion)}
            jobs.append(_alone(self._send(some), some))
        await asyncio.gather(*jobs)

    async def _send(self, calls: dict[str, Waiting]) -> None:
        """Make a batch of calls and wait for its answers."""
        receipt = new_receipt()
        _BEING_CREATED.add(receipt.id)
        try:
            await asyncio.to_thread(self._receipts.plan, receipt, list(calls))
            batch_id = await self._created(receipt, [call.request for call in calls.values()])
        finally:
            _BEING_CREATED.discard(receipt.id)
        await self._follow(Receipt(receipt.id, "created", batch_id, receipt.planned_at), calls)

    async def _created(self, receipt: Receipt, requests: Sequence[Request]) -> str:
        """Return the server's id of a new batch, which is then in the ledger."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "requests.jsonl"
                await asyncio.to_thread(write_lines, path, requests, reasoning=self._config.reasoning)
                file_id = await self._server.upload(path)
            batch_id = await self._server.create(file_id, receipt.id, self._config.completion_window)
        except TurnedDown as error:
            await asyncio.to_thread(self._receipts.note, receipt.id, "never_ran")
            raise _NoAnswer("server_error", error) from error
        await asyncio.to_thread(self._receipts.note, receipt.id, "created", batch_id)
        return batch_id

    async def _follow(self, receipt: Receipt, calls: dict[str, Waiting]) -> None:
        """Wait for the end of a batch and hand out its answers; a call without one may be sent again."""
        batch = await self._ended(receipt)
        if batch["status"] == "failed":
            await asyncio.to_thread(self._receipts.note, receipt.id, "never_ran")
            raise _NoAnswer("server_error", CallError(f"{self._server.place}: {_why_failed(batch)}"))
        stopped = await self._stopped(receipt, batch)
        requests = {key: call.request for key, call in calls.items()}
        for file_id in (batch.get("output_file_id"), batch.get("error_file_id")):
            if file_id:
                async for line in self._server.lines(str(file_id)):
                    if (told := read_line(line, requests)) is not None:
                        self._tell(calls[told[0]], told[1], stopped)
        for call in calls.values():
            # of a completed batch every line was run, so one that isn't there may be billed
            self._tell(call, "unparseable" if batch["status"] == "completed" else "overloaded", stopped)

    async def _stopped(self, receipt: Receipt, batch: Json) -> CallError | None:
        """Return the error for what a cancelled batch did not get to: somebody stopped it, so this run sends nothing again."""
        if batch["status"] != "cancelled" or receipt.state == "cancelled":
            return None
        await asyncio.to_thread(self._receipts.note, receipt.id, "cancelled")
        advice = "its answers so far are kept; run the same command again to send the rest"
        return CallError(f"{self._server.place}: batch {batch['id']} was cancelled; {advice}")

    def _tell(self, call: Waiting, outcome: Response | Fault, stopped: CallError | None) -> None:
        if isinstance(outcome, Response):
            call.answer(outcome)
        elif outcome in FATAL:
            says = f"the batch's calls were refused ({outcome.replace('_', ' ')}); check key and model"
            call.fail(_NoAnswer(outcome, CallError(f"{self._server.place}: {says}")))
        elif not call.is_over:
            call.fail(_NoAnswer(outcome, stopped))

    async def _ended(self, receipt: Receipt) -> Json:
        """Return a batch when it has ended; asks less and less often."""
        wait = self._config.poll_seconds
        while (batch := await self._server.get(f"/batches/{receipt.batch_id}")).get("status") not in _ENDED:
            await asyncio.sleep(wait)
            wait = min(wait * _GROWTH, self._config.poll_seconds * _MOST_GROWTH)
        return batch


async def _alone(job: Coroutine[None, None, None], calls: dict[str, Waiting]) -> None:
    """Let the failure of one batch reach its own calls only."""
    try:
        await job
    except (QantaraError, _NoAnswer) as error:
        for call in calls.values():
            call.fail(error)


def _why_failed(batch: Json) -> str:
    """Return why a server did not accept a batch, by its codes and line numbers: messages may quote the text."""
    errors = ((batch.get("errors") or {}).get("data") or [])[:5]
    places = [
        f"{error.get('code') or 'error'}" + (f" in line {error['line']}" if error.get("line") else "")
        for error in errors
    ]
    found = ", ".join(places) or "no reason given"
    return f"batch {batch['id']} failed validation ({found}); nothing was run: mend it and run the same command again"
