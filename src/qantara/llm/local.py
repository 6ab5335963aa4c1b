"""Language models run here with transformers: rows of a batch written together, greedy by default.

A row leaves the batch when it ends and a waiting request takes its place. Reads a model reference (loaded on first use); writes
nothing. Made for small models and modest machines: a large model belongs behind an endpoint. A request's `schema` is not enforced.
In bf16 an answer may depend on what else was in its batch; the ledger keeps the first one.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from qantara.chat import open_reply
from qantara.errors import CallError, ModelError
from qantara.llm.gathering import Gathering, Waiting
from qantara.llm.interface import FinishReason, Request, Response, Sending, call_key, whole_or_empty
from qantara.llm.local_rows import Rows
from qantara.records import Turn

if TYPE_CHECKING:
    import torch

_LINGER_SECONDS = 0.05
_LISTS_WAITING = 4  # so many batches wait at once: something to sort by length, and something to fill places with


class LocalConfig(BaseModel):
    """A language model that runs in this process."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["local"] = Field(description="local: a model run here with transformers")
    model: str = Field(min_length=1, description="model reference: hf:, path: or pypi:")
    batch_size: int = Field(default=8, ge=1, le=1024, description="requests generated together at most")
    max_input_tokens: int = Field(
        default=2048,
        ge=1,
        le=131072,
        description="longest prompt in tokens; a longer one is answered with `context_overflow`",
    )
    template: Literal["chat", "none"] = Field(
        default="chat", description="chat: the model's chat template; none: the messages' texts joined and continued"
    )
    dtype: Literal["auto", "bfloat16", "float32"] = Field(
        default="auto", description="what the model computes in; auto: what this machine multiplies fastest"
    )
    quantization: Literal["none", "nf4"] = Field(default="none", description="how the model's weights are loaded")
    adapter: Path | None = Field(
        default=None, description="folder of an adapter that `qantara train` wrote; none: none"
    )


class LocalBackend:
    """Generates with the model of a config, in one thread beside the event loop."""

    name = "local"

    def __init__(self, config: LocalConfig) -> None:
        self.config = config
        self._model: Any = None
        self._tokenizer: Any = None
        self._gathering = Gathering(self._work, limit=self.capacity, linger_seconds=_LINGER_SECONDS, at_once=1)

    @property
    def capacity(self) -> int:
        """Return how many calls it is good to have waiting: a few batches."""
        return _LISTS_WAITING * self.config.batch_size

    async def answer(self, request: Request, sending: Sending) -> Response:
        """Return the model's text; see `Backend`. A prompt over `max_input_tokens` is answered `context_overflow`.

        At temperature 0 a further `sample` gives the same text; above, its draws have another seed.
        """
        if request.top_logprobs or request.prompt:
            raise CallError(
                "backend local tells no log-probabilities and takes no raw prompts; ask an endpoint for them"
            )
        await sending()
        return await self._gathering.answer(request, sending)

    async def close(self) -> None:
        """Stop generating and let go of the model."""
        await self._gathering.close()
        self._model = self._tokenizer = None

    async def _work(self, calls: list[Waiting]) -> None:
        stop = threading.Event()
        thread = asyncio.get_running_loop().run_in_executor(None, self._generate, calls, stop)
        try:
            await asyncio.shield(thread)
        finally:
            stop.set()
            await asyncio.gather(thread, return_exceptions=True)

    def _generate(self, calls: list[Waiting], stop: threading.Event) -> None:
        """Write the answers of `calls` and of what comes meanwhile, until nothing waits; runs in a thread."""
        self._load()
        waiting = self._prepared(calls)
        rows: list[_Row] = []
        batch = Rows(self._model)
        while (rows or waiting) and not stop.is_set():
            if rows:
                rows = self._advance(batch, rows, batch.step([row.ids[-1] for row in rows]), 0)
            if len(rows) < self.config.batch_size and (not rows or batch.can_be_joined):
                calls[:] = [call for call in calls if not call.is_over]
                calls += (new := self._gathering.take(self.capacity - len(waiting)))
                waiting = sorted(waiting + self._prepared(new), key=lambda row: len(row.prompt))
                free = self.config.batch_size - len(rows)
                joining, waiting = [row for row in waiting[:free] if not row.call.is_over], waiting[free:]
                rows = self._joined(batch, rows, joining)

    def _prepared(self, calls: Sequence[Waiting]) -> "list[_Row]":
        """Return calls ready for the model, shortest prompts first; one that is too long is answered here."""
        rows = []
        for call in calls:
            row = _Row(call, self._encode(call.request), _Sampler(call.request, self._model.device))
            if len(row.prompt) > self.config.max_input_tokens:
                self._answer(row, "", "context_overflow")
            else:
                rows.append(row)
        return sorted(rows, key=lambda row: len(row.prompt))

    def _load(self) -> None:
        if self._model is not None:
            return
        from qantara.models.adapters import load_adapter
        from qantara.models.loading import load_model, load_tokenizer
        from qantara.models.references import resolve

        folder = resolve(self.config.model)
        self._tokenizer = load_tokenizer(folder)
        if self.config.template == "chat" and not self._tokenizer.chat_template:
            raise ModelError(f"model {self.config.model} has no chat template: set template to none")
        self._model = load_model(folder, quantization=self.config.quantization, dtype=self.config.dtype)
        if self.config.adapter is not None:
            self._model = load_adapter(self._model, self.config.adapter)

    def _encode(self, request: Request) -> list[int]:
        if self.config.template == "chat":
            turns = [Turn(role=message.role, text=message.content) for message in request.messages]
            encoded = self._tokenizer(open_reply(turns, self._tokenizer), add_special_tokens=False)
        else:
            encoded = self._tokenizer("".join(message.content for message in request.messages))
        return list(encoded["input_ids"])

    def _advance(self, batch: Rows, rows: "list[_Row]", logits: "torch.Tensor", first: int) -> "list[_Row]":
        """Give the rows from `first` on their next token, answer those that end, and return the rows that go on."""
        kept = list(range(first))
        for i, row_logits in enumerate(logits, start=first):
            row = rows[i]
            row.ids.append(row.sampler.choose(row_logits))
            if (ending := self._ending(row.call.request, row.ids)) is not None:
                self._answer(row, *ending)
            elif not row.call.is_over:
                kept.append(i)
        batch.keep(kept)
        return [rows[i] for i in kept]

    def _joined(self, batch: Rows, rows: "list[_Row]", joining: "list[_Row]") -> "list[_Row]":
        """Read the prompts of new rows and return all rows that go on."""
        if not joining:
            return rows
        for row in joining:
            row.began_seconds = time.perf_counter()
        return self._advance(batch, rows + joining, batch.join([row.prompt for row in joining]), len(rows))

    def _ending(self, request: Request, ids: list[int]) -> tuple[str, FinishReason] | None:
        """Return the text and why it ends, or None if it goes on."""
        ends = ids[-1] in self._end_ids()
        if not ends and not request.stop and len(ids) < request.max_tokens:
            return None
        text: str = self._tokenizer.decode(ids[:-1] if ends else ids, skip_special_tokens=True)
        cuts = [text.index(stop) for stop in request.stop if stop in text]
        if cuts:
            return text[: min(cuts)], "stop"
        if ends:
            return text, "stop"
        return (text, "length") if len(ids) >= request.max_tokens else None

    def _end_ids(self) -> set[int]:
        configured = self._model.generation_config.eos_token_id
        ids = configured if isinstance(configured, list) else [configured]
        return {token for token in (*ids, self._tokenizer.eos_token_id) if token is not None}

    def _answer(self, row: "_Row", text: str, reason: FinishReason) -> None:
        response = Response(
            text=text,
            finish_reason=whole_or_empty(text, reason),
            prompt_tokens=len(row.prompt),
            completion_tokens=len(row.ids),
            model=self.config.model,
            seconds=round(time.perf_counter() - row.began_seconds, 3) if row.ids else 0.0,
        )
        row.call.answer_from_thread(response)


@dataclass(eq=False, slots=True)
class _Row:
    """A call with its prompt's token ids and the ids written so far."""

    call: Waiting
    prompt: list[int]
    sampler: "_Sampler"
    ids: list[int] = field(default_factory=list)
    began_seconds: float = 0.0


class _Sampler:
    """Chooses one row's tokens: the likeliest at temperature 0, else drawn with a seed that is the call's own key."""

    def __init__(self, request: Request, device: "torch.device") -> None:
        import torch

        self.temperature = request.temperature
        self.generator = torch.Generator(device).manual_seed(int(call_key(request)[:15], 16))

    def choose(self, logits: "torch.Tensor") -> int:
        import torch

        if self.temperature == 0:
            return int(logits.argmax())
        return int(torch.multinomial((logits / self.temperature).softmax(-1), 1, generator=self.generator))
