"""The ledger of calls: every answer is committed before it is used, every sending is written down before it happens.

Reads and writes the tables `call` and `sent` of the run's ledger, and exports answers in the recorded format. Holds prompts and
answers, so it is as confidential as the data itself.
"""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from qantara.ledger import METADATA, create_tables, transaction
from qantara.llm.interface import Message, Request, Response, messages, parameters
from qantara.llm.recorded import call_record
from qantara.store import whole_file

CALL = sa.Table(
    "call",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(32), nullable=False, unique=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("backend", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("finish_reason", sa.Text, nullable=False),
    sa.Column("answered_by", sa.Text, nullable=False),
    sa.Column("prompt_tokens", sa.Integer),
    sa.Column("completion_tokens", sa.Integer),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("created", sa.Text, nullable=False),
)
SENT = sa.Table(
    "sent",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", sa.String(32), nullable=False, index=True),
    sa.Column("at", sa.Text, nullable=False),
)
KEYS_A_QUERY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTotal:
    """The calls of one purpose, model and backend; a sum of tokens is None when any of its calls did not tell."""

    purpose: str
    model: str
    backend: str
    calls: int
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float


class CallLedger:
    """The calls of one run, in the run's ledger."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        create_tables(engine)

    def find(self, keys: Iterable[str]) -> dict[str, Response]:
        """Return the stored answers by key; keys that were never answered are left out."""
        found: dict[str, Response] = {}
        with transaction(self.engine) as connection:
            wanted = sorted(set(keys))
            for start in range(0, len(wanted), KEYS_A_QUERY):
                some = wanted[start : start + KEYS_A_QUERY]
                for row in connection.execute(sa.select(CALL).where(CALL.c.key.in_(some))):
                    found[row.key] = _response(row)
        return found

    def note_sent(self, keys: Iterable[str]) -> None:
        """Commit that calls are about to be sent; the same call sent again is a second sending."""
        rows = [{"key": key, "at": _now()} for key in keys]
        if rows:
            with transaction(self.engine) as connection:
                connection.execute(sa.insert(SENT), rows)

    def store(self, key: str, request: Request, response: Response, *, purpose: str, backend: str) -> None:
        """Commit an answer; when another process stored one for the same key first, that one stays."""
        body = {"messages": messages(request), "parameters": parameters(request)}
        values = {
            "key": key,
            "purpose": purpose,
            "backend": backend,
            "model": request.model,
            "request": json.dumps(body, ensure_ascii=False),
            "text": response.text,
            "finish_reason": response.finish_reason,
            "answered_by": response.model,
            "prompt_tokens": response.prompt_tokens,
            "completion_tokens": response.completion_tokens,
            "seconds": response.seconds,
            "created": _now(),
        }
        with transaction(self.engine) as connection:
            if connection.execute(sa.select(CALL.c.sequence).where(CALL.c.key == key)).first() is None:
                connection.execute(sa.insert(CALL).values(values))

    def interrupted(self) -> int:
        """Return how many sendings never got an answer that was kept: they may have been billed."""
        with transaction(self.engine) as connection:
            sendings = connection.execute(sa.select(sa.func.count()).select_from(SENT)).scalar_one()
            answered = sa.select(sa.func.count()).select_from(CALL).where(CALL.c.key.in_(sa.select(SENT.c.key)))
            return int(sendings - connection.execute(answered).scalar_one())

    def totals(self) -> list[CallTotal]:
        """Return what was asked of whom and what for, by purpose, model and backend."""
        group = (CALL.c.purpose, CALL.c.model, CALL.c.backend)
        columns = [sa.func.count().label("calls"), sa.func.sum(CALL.c.seconds).label("seconds")]
        columns += [_sum_if_all_known(CALL.c.prompt_tokens), _sum_if_all_known(CALL.c.completion_tokens)]
        with transaction(self.engine) as connection:
            rows = connection.execute(sa.select(*group, *columns).group_by(*group).order_by(*group)).mappings()
            return [CallTotal(**row) for row in rows]

    def export(self, path: Path) -> int:
        """Write every answered call in the recorded format, in the order of arrival; return how many."""
        count = 0
        with whole_file(path) as part, part.open("wb") as raw, transaction(self.engine) as connection:
            # no name and no time in the gzip header: the same calls give the same bytes
            out = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if path.suffix == ".gz" else raw
            for row in connection.execute(sa.select(CALL).order_by(CALL.c.sequence)):
                line = json.dumps(call_record(_request(row), _response(row)), ensure_ascii=False)
                out.write(f"{line}\n".encode())
                count += 1
            if out is not raw:
                out.close()
        return count


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _sum_if_all_known(column: sa.Column[int]) -> sa.Label[int | None]:
    return sa.case((sa.func.count(column) == sa.func.count(), sa.func.sum(column)), else_=None).label(column.name)


def _response(row: sa.Row[tuple[object, ...]]) -> Response:
    return Response(
        text=row.text,
        finish_reason=row.finish_reason,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        model=row.answered_by,
        seconds=row.seconds,
    )


def _request(row: sa.Row[tuple[object, ...]]) -> Request:
    body = json.loads(row.request)
    settings = body["parameters"]
    return Request(
        model=row.model,
        messages=tuple(Message(**message) for message in body["messages"]),
        max_tokens=settings["max_tokens"],
        temperature=settings["temperature"],
        stop=tuple(settings["stop"]),
    )
