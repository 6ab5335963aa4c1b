"""The tables of the ledger of calls and what their rows hold: `call` are answers, `sent` are tries to get one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from qantara.ledger import METADATA
from qantara.llm.interface import Fault, Message, Request, Response, messages, parameters
from qantara.llm.sizes import upper_bound
from qantara.llm.token_scores import token_scores_json, token_scores_of

CALL = sa.Table(
    "call",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(32), nullable=False, unique=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("round", sa.Integer, nullable=False, server_default="0"),
    sa.Column("backend", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("finish_reason", sa.Text, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("answered_by", sa.Text, nullable=False),
    sa.Column("prompt_tokens", sa.Integer),
    sa.Column("completion_tokens", sa.Integer),
    sa.Column("cached_tokens", sa.Integer),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("token_scores", sa.Text),  # JSON of `Response.tokens`; null: none were asked for, or none told
)
SENT = sa.Table(
    "sent",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(32), nullable=False, index=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False, server_default=""),
    sa.Column("backend", sa.Text, nullable=False, server_default=""),
    sa.Column("prompt_bound", sa.Integer, nullable=False, server_default="0"),  # tokens at most, see `sizes`
    sa.Column("completion_bound", sa.Integer, nullable=False, server_default="0"),
    sa.Column("outcome", sa.Text),  # how a try ended that brought no answer; null: answered, in flight, or never known
)
KEYS_A_QUERY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call as the ledger keeps it beside its answer: what was asked, of what kind of backend, what for and in which round."""

    key: str
    request: Request
    purpose: str
    round_number: int
    backend: str


def find_answers(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Response]:
    """Return the stored answers by key, over an open connection."""
    found: dict[str, Response] = {}
    for start in range(0, len(keys), KEYS_A_QUERY):
        some = keys[start : start + KEYS_A_QUERY]
        for row in connection.execute(_FIND.where(CALL.c.key.in_(some))):
            found[row.key] = response_of(row)
    return found


def call_row(asked: Asked, response: Response) -> dict[str, object]:
    """Return a row of the table `call`."""
    body: dict[str, object] = {"messages": messages(asked.request), "parameters": parameters(asked.request)}
    if asked.request.sample:
        body["sample"] = asked.request.sample
    return {
        "key": asked.key,
        "purpose": asked.purpose,
        "round": asked.round_number,
        "backend": asked.backend,
        "model": asked.request.model,
        "request": json.dumps(body, ensure_ascii=False),
        "text": response.text,
        "finish_reason": response.finish_reason,
        "status": response.status,
        "answered_by": response.model,
        "prompt_tokens": response.prompt_tokens,
        "completion_tokens": response.completion_tokens,
        "cached_tokens": response.cached_tokens,
        "seconds": response.seconds,
        "token_scores": None if response.tokens is None else token_scores_json(response.tokens),
        "created": _now(),
    }


def sent_row(asked: Asked) -> dict[str, object]:
    """Return a row of the table `sent`."""
    prompt, completion = upper_bound(asked.request)
    return {
        "key": asked.key,
        "at": _now(),
        "model": asked.request.model,
        "backend": asked.backend,
        "prompt_bound": prompt,
        "completion_bound": completion,
        "outcome": None,
    }


def end_of_try(key: str, fault: Fault) -> sa.Update:
    """Return the statement that notes how the last open sending of a call ended."""
    last = sa.select(sa.func.max(SENT.c.sequence)).where(SENT.c.key == key, SENT.c.outcome.is_(None))
    return sa.update(SENT).where(SENT.c.sequence == last.scalar_subquery()).values(outcome=fault)


def response_of(row: Any) -> Response:  # noqa: ANN401 - a row of any query that has these columns
    """Return the answer that a row of the table `call` holds."""
    return Response(
        text=row.text,
        finish_reason=row.finish_reason,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        model=row.answered_by,
        seconds=row.seconds,
        cached_tokens=row.cached_tokens,
        status=row.status,
        tokens=None if row.token_scores is None else token_scores_of(json.loads(row.token_scores)),
    )


_FIND = sa.select(
    CALL.c.key,
    CALL.c.text,
    CALL.c.finish_reason,
    CALL.c.prompt_tokens,
    CALL.c.completion_tokens,
    CALL.c.answered_by,
    CALL.c.seconds,
    CALL.c.cached_tokens,
    CALL.c.status,
    CALL.c.token_scores,
)


def request_of(row: Any) -> Request:  # noqa: ANN401 - a row of any query that has these columns
    """Return the request that a row of the table `call` holds."""
    body = json.loads(row.request)
    settings = body["parameters"]
    return Request(
        model=row.model,
        messages=tuple(Message(**message) for message in body["messages"]),
        max_tokens=settings["max_tokens"],
        temperature=settings["temperature"],
        stop=tuple(settings["stop"]),
        schema=settings.get("schema", ""),
        top_logprobs=settings.get("top_logprobs", 0),
        prompt=settings.get("prompt", ""),
        echo=settings.get("echo", False),
        sample=body.get("sample", 0),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
