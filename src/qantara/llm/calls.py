"""The ledger of calls: every answer is committed before it is used, every sending is written down before it happens.

Reads and writes the tables `call` and `sent` of the run's ledger, and exports answers in the recorded format. Holds prompts and
answers, so it is as confidential as the data itself.
"""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from qantara.ledger import add_missing_columns, create_tables, insert_new, transaction
from qantara.llm.batch_receipts import BATCH_CALL
from qantara.llm.call_rows import CALL, SENT, Asked, call_row, find_answers, request_of, response_of, sent_row
from qantara.llm.faults import MAY_BE_BILLED
from qantara.llm.interface import Response
from qantara.llm.recorded import call_record
from qantara.llm.wire import Refusal
from qantara.store import whole_file

_COUNTED = (CALL.c.prompt_tokens.is_not(None), CALL.c.completion_tokens.is_not(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTotal:
    """The calls of one day (UTC, ISO), purpose, round, model and backend; a sum of tokens is None when any call did not tell."""

    day: str
    purpose: str
    round: int
    model: str
    backend: str
    calls: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """Sendings of one day, model and backend that may be billed though nobody told their tokens, and how many these are at most."""

    day: str
    model: str
    backend: str
    tries: int
    prompt_bound: int
    completion_bound: int


class CallLedger:
    """The calls of one run, in the run's ledger."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        create_tables(engine)
        add_missing_columns(engine, CALL)
        add_missing_columns(engine, SENT)

    def find(self, keys: Iterable[str]) -> dict[str, Response]:
        """Return the stored answers by key; keys that were never answered are left out."""
        with transaction(self.engine) as connection:
            return find_answers(connection, sorted(set(keys)))

    def note_sent(self, asked: Iterable[Asked]) -> None:
        """Commit that calls are about to be sent; the same call sent again is a second sending."""
        rows = [sent_row(one) for one in asked]
        if rows:
            with transaction(self.engine) as connection:
                connection.execute(sa.insert(SENT), rows)

    def store(self, asked: Asked, response: Response) -> None:
        """Commit an answer; when another process stored one for the same key first, that one stays."""
        with transaction(self.engine) as connection:
            connection.execute(insert_new(self.engine, CALL), [call_row(asked, response)])

    def interrupted(self) -> int:
        """Return how many sendings nobody knows the end of, since their process was killed: they may be billed."""
        with transaction(self.engine) as connection:
            open_ended = SENT.c.outcome.is_(None)
            sendings = connection.execute(sa.select(sa.func.count()).select_from(SENT).where(open_ended)).scalar_one()
            keys = sa.select(SENT.c.key).where(open_ended)
            answered = sa.select(sa.func.count()).select_from(CALL).where(CALL.c.key.in_(keys))
            return int(sendings - connection.execute(answered).scalar_one())

    def failed_tries(self) -> dict[str, int]:
        """Return how many sendings ended without an answer, by fault; a timeout or a dropped connection may have been billed."""
        query = sa.select(SENT.c.outcome, sa.func.count()).where(SENT.c.outcome.is_not(None)).group_by(SENT.c.outcome)
        with transaction(self.engine) as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query.order_by(SENT.c.outcome))}

    def troubles(self) -> dict[str, object]:
        """Return what did not go well, for a summary: sendings nobody knows the end of, and tries that failed, by fault."""
        return {"interrupted": self.interrupted(), "failed_tries": self.failed_tries()}

    def totals(self, *, only_counted: bool = False) -> list[CallTotal]:
        """Return what was asked of whom and what for, by day, purpose, round, model and backend.

        With `only_counted` of the answers whose tokens the server told; the others are in `unsettled`.
        """
        group = (
            sa.func.substr(CALL.c.created, 1, 10).label("day"),
            CALL.c.purpose,
            CALL.c.round,
            CALL.c.model,
            CALL.c.backend,
        )
        columns = [sa.func.count().label("calls"), sa.func.sum(CALL.c.seconds).label("seconds")]
        columns += [_sum_if_all_known(CALL.c.prompt_tokens), _sum_if_all_known(CALL.c.completion_tokens)]
        columns.append(sa.func.coalesce(sa.func.sum(CALL.c.cached_tokens), 0).label("cached_tokens"))
        # what a server turned down took no tokens, told or not
        used = [CALL.c.finish_reason.not_in(("bad_request", "context_overflow")), *(_COUNTED if only_counted else ())]
        query = sa.select(*group, *columns).where(*used).group_by(*group).order_by(*group)
        with transaction(self.engine) as connection:
            return [CallTotal(**row) for row in connection.execute(query).mappings()]

    def unsettled(self) -> list[Unsettled]:
        """Return what may be billed and whose tokens are not known: tries whose end nobody knows or that ended in the middle of
        the server's work, and answers of a server that doesn't count.
        """
        known = sa.and_(*_COUNTED)
        free = CALL.c.finish_reason.in_(("bad_request", "context_overflow"))
        settled = sa.func.max(sa.case((sa.or_(known, free), 1), else_=0))
        tries = (sa.func.count() - settled).label("tries")
        columns = [sa.func.max(sa.func.substr(SENT.c.at, 1, 10)).label("day")]
        columns += [sa.func.max(column).label(column.name) for column in (SENT.c.model, SENT.c.backend)]
        columns += [sa.func.max(column).label(column.name) for column in (SENT.c.prompt_bound, SENT.c.completion_bound)]
        one_key = (
            sa.select(*columns, tries)
            .select_from(SENT.outerjoin(CALL, CALL.c.key == SENT.c.key))
            .where(sa.or_(SENT.c.outcome.is_(None), SENT.c.outcome.in_(sorted(MAY_BE_BILLED))))
            .group_by(SENT.c.key)
            .having(sa.func.count() > settled)
            .subquery()
        )
        group = (one_key.c.day, one_key.c.model, one_key.c.backend)
        sums = [sa.func.sum(one_key.c.tries).label("tries")]
        sums += [
            sa.func.sum(one_key.c.tries * one_key.c[name]).label(name) for name in ("prompt_bound", "completion_bound")
        ]
        with transaction(self.engine) as connection:
            rows = connection.execute(sa.select(*group, *sums).group_by(*group).order_by(*group)).mappings()
            return [
                Unsettled(
                    day=row["day"],
                    model=row["model"],
                    backend=row["backend"],
                    tries=int(row["tries"]),
                    prompt_bound=int(row["prompt_bound"]),
                    completion_bound=int(row["completion_bound"]),
                )
                for row in rows
            ]

    def forget(self, reason: Refusal) -> int:
        """Delete the answers that stand for requests turned down for this reason, so that they are sent again; return how many.

        Their sendings stay, as tries that failed.
        """
        turned_down = CALL.c.finish_reason == reason
        keys = sa.select(CALL.c.key).where(turned_down)
        last = sa.select(sa.func.max(SENT.c.sequence)).where(SENT.c.key.in_(keys), SENT.c.outcome.is_(None))
        with transaction(self.engine, writing=True) as connection:
            ended = SENT.c.sequence.in_(last.group_by(SENT.c.key))
            connection.execute(sa.update(SENT).where(ended).values(outcome=reason))
            connection.execute(
                sa.delete(BATCH_CALL).where(BATCH_CALL.c.key.in_(keys))
            )  # else it comes from there again
            return connection.execute(sa.delete(CALL).where(turned_down)).rowcount

    def export(self, path: Path) -> int:
        """Write every answered call in the recorded format; return how many.

        In the order of the keys: many calls at once arrive in no order, and the same calls are to give the same bytes.
        """
        count = 0
        with whole_file(path) as part, part.open("wb") as raw, transaction(self.engine) as connection:
            # no name and no time in the gzip header: the same calls give the same bytes
            out = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if path.suffix == ".gz" else raw
            rows = connection.execution_options(yield_per=1000).execute(sa.select(CALL).order_by(CALL.c.key))
            for row in rows:
                line = json.dumps(call_record(request_of(row), response_of(row)), ensure_ascii=False)
                out.write(f"{line}\n".encode())
                count += 1
            if out is not raw:
                out.close()
        return count


def _sum_if_all_known(column: sa.Column[int]) -> sa.Label[int | None]:
    return sa.case((sa.func.count(column) == sa.func.count(), sa.func.sum(column)), else_=None).label(column.name)
