"""A language model run here with transformers: batches of similar length, greedy by default, finished rows leave the batch.

Reads a model reference (loaded on first use); writes nothing. Made for small models and modest machines: a large model belongs
behind an endpoint. In bf16 an answer may depend on what else was in its batch; the ledger keeps the first one.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from qantara.errors import ModelError
from qantara.llm.interface import FinishReason, Request, Response, call_key, messages, whole_or_other

if TYPE_CHECKING:
    import torch


class LocalConfig(BaseModel):
    """A language model that runs in this process."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["local"] = Field(description="local: a model run here with transformers")
    model: str = Field(min_length=1, description="model reference: hf:, path: or pypi:")
    batch_size: int = Field(default=8, ge=1, le=1024, description="requests generated together")
    max_input_tokens: int = Field(
        default=2048,
        ge=1,
        le=131072,
        description="longest prompt in tokens; a longer one is answered with finish `other`",
    )
    template: Literal["chat", "none"] = Field(
        default="chat", description="chat: the model's chat template; none: the messages' texts joined and continued"
    )
    dtype: Literal["auto", "bfloat16", "float32"] = Field(
        default="auto", description="what the model computes in; auto: what this machine multiplies fastest"
    )


@dataclass(frozen=True, slots=True)
class _Prompt:
    """A request ready for the model: its position among the requests and its token ids."""

    position: int
    request: Request
    ids: list[int]


class LocalBackend:
    """Generates with the model of a config."""

    name = "local"

    def __init__(self, config: LocalConfig) -> None:
        self.config = config
        self._model: Any = None
        self._tokenizer: Any = None

    def complete(self, requests: Iterable[Request]) -> Iterator[tuple[int, Response]]:
        """Yield answers as rows finish, shortest prompts first; one over `max_input_tokens` is answered `other`."""
        listed = list(requests)
        if not listed:
            return
        self._load()
        prompts = [_Prompt(position, request, self._encode(request)) for position, request in enumerate(listed)]
        for prompt in prompts:
            if len(prompt.ids) > self.config.max_input_tokens:
                yield prompt.position, self._response(prompt, "", "other", 0, 0.0)
        fitting = sorted((p for p in prompts if len(p.ids) <= self.config.max_input_tokens), key=lambda p: len(p.ids))
        for start in range(0, len(fitting), self.config.batch_size):
            yield from self._generate(fitting[start : start + self.config.batch_size])

    def _load(self) -> None:
        if self._model is not None:
            return
        from qantara.models.loading import load_model, load_tokenizer
        from qantara.models.references import resolve

        folder = resolve(self.config.model)
        self._tokenizer = load_tokenizer(folder)
        if self.config.template == "chat" and not self._tokenizer.chat_template:
            raise ModelError(f"model {self.config.model} has no chat template: set template to none")
        self._model = load_model(folder, quantization="none", dtype=self.config.dtype)

    def _encode(self, request: Request) -> list[int]:
        if self.config.template == "chat":
            encoded = self._tokenizer.apply_chat_template(
                messages(request), add_generation_prompt=True, return_dict=True
            )
        else:
            encoded = self._tokenizer("".join(message.content for message in request.messages))
        return list(encoded["input_ids"])

    def _generate(self, prompts: list[_Prompt]) -> Iterator[tuple[int, Response]]:
        """Generate one batch token by token, yielding each row's answer when it ends and dropping it from the batch."""
        started = time.perf_counter()
        rows = list(prompts)
        written: list[list[int]] = [[] for _ in rows]
        batch = _Batch(self._model, [prompt.ids for prompt in rows])
        samplers = [_Sampler(prompt.request, self._model.device) for prompt in rows]
        while rows:
            logits = batch.step()
            tokens = [sampler.choose(row) for sampler, row in zip(samplers, logits, strict=True)]
            kept = []
            for i, (prompt, ids, token) in enumerate(zip(rows, written, tokens, strict=True)):
                ids.append(token)
                ending = self._ending(prompt.request, ids)
                if ending is None:
                    kept.append(i)
                    continue
                text, reason = ending
                yield prompt.position, self._response(prompt, text, reason, len(ids), time.perf_counter() - started)
            rows, written, samplers = [rows[i] for i in kept], [written[i] for i in kept], [samplers[i] for i in kept]
            batch.keep(kept, [tokens[i] for i in kept])

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

    def _response(self, prompt: _Prompt, text: str, reason: FinishReason, num_tokens: int, seconds: float) -> Response:
        return Response(
            text=text,
            finish_reason=whole_or_other(text, reason),
            prompt_tokens=len(prompt.ids),
            completion_tokens=num_tokens,
            model=self.config.model,
            seconds=round(seconds, 3),
        )


class _Batch:
    """The rows that are still being written: their cache, mask and next inputs, padded on the left."""

    def __init__(self, model: Any, prompts: list[list[int]]) -> None:  # noqa: ANN401  (a transformers model has no useful type)
        import torch
        from transformers import DynamicCache

        self.model = model
        width = max(len(ids) for ids in prompts)
        padding = model.generation_config.pad_token_id or 0
        padded = [[padding] * (width - len(ids)) + ids for ids in prompts]
        mask = [[0] * (width - len(ids)) + [1] * len(ids) for ids in prompts]
        self.inputs = torch.tensor(padded, device=model.device)
        self.mask = torch.tensor(mask, device=model.device)
        self.cache = DynamicCache(config=model.config)

    def step(self) -> "torch.Tensor":
        """Return the next token's logits, rows by vocabulary, in fp32."""
        import torch

        positions = (self.mask.cumsum(-1) - 1).clamp(min=0)[:, -self.inputs.shape[1] :]
        with torch.inference_mode():
            out = self.model(
                input_ids=self.inputs,
                attention_mask=self.mask,
                position_ids=positions,
                past_key_values=self.cache,
                use_cache=True,
                logits_to_keep=1,
            )
        logits: torch.Tensor = out.logits[:, -1].float()
        return logits

    def keep(self, rows: list[int], tokens: list[int]) -> None:
        """Go on with some of the rows, each with its newest token."""
        import torch

        if len(rows) < len(self.mask):
            selected = torch.tensor(rows, dtype=torch.long, device=self.mask.device)
            if rows:
                self.cache.batch_select_indices(selected)
            self.mask = self.mask[selected]
        self.inputs = torch.tensor(tokens, device=self.mask.device).view(-1, 1)
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(rows), 1)], dim=-1)


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
