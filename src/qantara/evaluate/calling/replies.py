"""Asks a model for written replies and reads the choice out of each: the way of scoring "generate".

In: conversations, in order, and any backend of `llm`; out: one reply each, in that order and kept in the ledger before it is read,
then predictions and counts by language. A reply that was cut off is read like any other and counted; one that was refused, turned
down or never came is not read. What can't be read is no wrong letter: it counts as asked, with `chosen_index` -1.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import sqlalchemy as sa

from qantara.errors import CallFailed
from qantara.evaluate.calling.costs import Meter, Metered
from qantara.evaluate.extracting.extraction import extract_choice
from qantara.evaluate.sitting import Sitting
from qantara.llm.budget import BudgetConfig
from qantara.llm.config import BackendConfig
from qantara.llm.interface import Fault, Message, Request
from qantara.llm.opening import Callers, open_desk
from qantara.llm.streaming import in_order
from qantara.records import Choice, Prediction, Turn

_WAITING_A_PLACE = 4  # conversations on their way for each call in flight
_READ = ("stop", "length", "other")
_FAULTS = get_args(Fault)
OnDone = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """How replies are asked for. `model` is the name that calls are kept under: for a server the model's name there; a model that
    runs here is not asked by name, so its hash of weights, adapter and precision belongs into it.

    `form`: "chat" sends turns; a model without a chat template gets their texts one after the other, as a "prompt" that a server
    continues, or as the "message" of a local backend whose template is none. `stop` strings then keep it from going on.
    """

    model: str
    max_tokens: int
    stop: tuple[str, ...] = ()
    form: Literal["chat", "prompt", "message"] = "chat"

    def request(self, turns: Sequence[Turn]) -> Request:
        """Return the request of a conversation; greedy."""
        plain = "".join(f"{turn.text}\n\n" for turn in turns)
        said = [Message(role=turn.role, content=turn.text) for turn in turns]
        return Request(
            model=self.model,
            messages={"chat": tuple(said), "prompt": (), "message": (Message(role="user", content=plain),)}[self.form],
            prompt=plain if self.form == "prompt" else "",
            max_tokens=self.max_tokens,
            stop=self.stop,
        )


class Reply(NamedTuple):
    """What a model wrote, and how it ended: a `FinishReason`, or the `Fault` of a call that got no answer."""

    text: str
    ended: str

    @property
    def is_unanswered(self) -> bool:
        """Tell whether the call got no answer, retries and all: the next run asks again."""
        return self.ended in _FAULTS


def open_caller(
    config: BackendConfig, engine: sa.Engine, folder: Path, meter: Meter, budget: BudgetConfig | None = None
) -> Metered:
    """Return who asks a model, at a desk of its own; nothing is loaded before the first call."""
    return Metered(Callers(open_desk(engine, folder, budget), folder, engine).of(config), meter)


def replies(
    conversations: Sequence[Sequence[Turn]], caller: Metered, generation: Generation, on_done: OnDone | None = None
) -> list[Reply]:
    """Return one reply a conversation, in order; backend and desk are closed then. `on_done` is told of each that came."""

    async def work(turns: Sequence[Turn]) -> Reply:
        try:
            response = await caller.ask(generation.request(turns), "reply")
        except CallFailed as error:
            return Reply("", error.fault)
        return Reply(response.text, response.finish_reason)

    async def close() -> None:
        await caller.backend.close()
        caller.desk.close()

    came_back = in_order(conversations, work, _WAITING_A_PLACE * caller.backend.capacity, close)
    found = []
    with caller.meter.running(), closing(came_back):
        for reply in came_back:
            found.append(reply)
            if on_done is not None:
                on_done(1)
    return found


def read_reply(reply: Reply, item: Choice, labels: Sequence[str], sitting: Sitting) -> Prediction:
    """Return the prediction that a reply holds; `item` is in the language that the reply is in, `labels` are what it was shown.

    `tier` is the extractor's, or "ambiguous" or "none" where no choice could be read.
    """
    chosen, tier = -1, "none"
    if reply.ended in _READ:
        extraction = extract_choice(reply.text, tuple(labels), item.options)
        chosen, tier = (-1, extraction.status) if extraction.index is None else (extraction.index, extraction.tier)
    return sitting.by_reply(item, chosen, tier, reply.text)


def reply_counts(predictions: Sequence[Prediction], given: Sequence[Reply]) -> list[dict[str, object]]:
    """Return how the replies to one arm were read, a line a language, JSON-ready.

    Extracted, ambiguous and none add up to the items; truncated, refused, empty, turned down and unanswered tell how replies ended:
    a truncated one may have been read.
    """
    pairs = list(zip(predictions, given, strict=True))
    codes = dict.fromkeys(prediction.language for prediction in predictions)
    return [_counts(code, [pair for pair in pairs if pair[0].language == code]) for code in codes]


def _counts(code: str, pairs: Sequence[tuple[Prediction, Reply]]) -> dict[str, object]:
    tiers = Counter(prediction.tier for prediction, _ in pairs)
    ends = Counter(reply.ended for _, reply in pairs)
    unread = tiers["ambiguous"] + tiers["none"]
    return {
        "language": code,
        "num_items": len(pairs),
        "num_extracted": len(pairs) - unread,
        "num_ambiguous": tiers["ambiguous"],
        "num_none": tiers["none"],
        "num_truncated": ends["length"],
        "num_truncated_unread": sum(p.chosen_index < 0 and reply.ended == "length" for p, reply in pairs),
        "num_refused": ends["refused"],
        "num_empty": ends["empty"],
        "num_turned_down": ends["bad_request"] + ends["context_overflow"],
        "num_unanswered": sum(reply.is_unanswered for _, reply in pairs),
        "by_tier": dict(sorted(tiers.items())),
    }
