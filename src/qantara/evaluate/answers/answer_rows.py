"""The ledger's table of scored answers: one row a question that a local model was asked, found by all that its scores follow from.

The key is a hash of the model's identity (weights, adapter, precision, scorer) and of the token ids of prompt and answers, so no
model's scores can be taken for another's. Written a batch at a time; a killed run loses the batch that it was at.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from qantara.evaluate.answers.answering import Found
from qantara.ledger import METADATA, create_tables, insert_new, transaction
from qantara.models.questions import Likelihood

SCORED = sa.Table(
    "scored",
    METADATA,
    sa.Column("key", sa.String(32), primary_key=True),
    sa.Column("model", sa.String(32), nullable=False),
    sa.Column("answers", sa.Text, nullable=False),
    sa.Column("num_tokens", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)
_KEYS_A_QUERY = 500


@dataclass(frozen=True, slots=True)
class Scored:
    """The likelihoods of one question, how many tokens went through the model for it, and its share of the batch's time."""

    answers: Found
    num_tokens: int
    seconds: float


def identity_hash(identity: Mapping[str, object]) -> str:
    """Return 32 hexadecimal digits for what a model's scores follow from."""
    text = json.dumps(identity, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def question_key(model: str, token_ids: Sequence[Sequence[Sequence[int]]]) -> str:
    """Return the key of a question: `model` is an `identity_hash`, the token ids are of every whole text, by set and answer."""
    text = json.dumps([model, [[list(ids) for ids in answers] for answers in token_ids]], separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class AnswerRows:
    """The table in one database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        create_tables(engine)

    def find(self, keys: Sequence[str]) -> dict[str, Scored]:
        """Return what is stored, by key."""
        found = {}
        with transaction(self._engine) as connection:
            for start in range(0, len(keys), _KEYS_A_QUERY):
                some = keys[start : start + _KEYS_A_QUERY]
                for row in connection.execute(sa.select(SCORED).where(SCORED.c.key.in_(some))):
                    found[row.key] = Scored(_read(row.answers), row.num_tokens, row.seconds)
        return found

    def store(self, model: str, scored: Mapping[str, Scored]) -> None:
        """Keep answers by key, all or none; what is there already stays as it is."""
        rows = [
            {
                "key": key,
                "model": model,
                "answers": json.dumps(found.answers, separators=(",", ":")),
                "num_tokens": found.num_tokens,
                "seconds": found.seconds,
            }
            for key, found in sorted(scored.items())
        ]
        if rows:
            with transaction(self._engine) as connection:
                connection.execute(insert_new(self._engine, SCORED), rows)


def _read(text: str) -> Found:
    return [[Likelihood(*answer) for answer in answers] for answers in json.loads(text)]
