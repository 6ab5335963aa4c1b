"""What an evaluation has at hand: the model that is asked, in up to two ways, a translator, the ledger. All are opened on use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from qantara.chat import Tokenizer
from qantara.evaluate.answers.answering import Answers
from qantara.evaluate.calling.costs import Meter, Metered
from qantara.evaluate.calling.replies import Generation
from qantara.evaluate.calling.translation_route import Route
from qantara.llm.prices import Prices

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replying:
    """Who writes replies: `open_caller` opens the model for one arm, `generation` says how it is asked."""

    open_caller: Callable[[Meter], Metered]
    generation: Generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What an evaluation has at hand.

    `model` names it in tables. `answers` scores by likelihood, `replying` writes replies, `open_route` opens a translator for
    languages in their order; each is None where it is not asked for. `tokenizer` is None for a server, which has its own.
    `advance` is told of items that were translated and of replies that came.
    """

    model: str
    engine: sa.Engine
    prices: Prices
    tokenizer: Tokenizer | None = None
    answers: Answers | None = None
    replying: Replying | None = None
    open_route: Callable[[Sequence[str], Meter], Route] | None = None
    advance: Advance | None = None
