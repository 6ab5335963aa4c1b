"""Reviewers' decisions in the ledger: append-only events, of which the last one for a record counts.

A changed mind is a new event; nothing is overwritten, so who decided what and when stays known. A ledger from before `error` was
asked for gets that column, filled as a decision that names no error is read.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import sqlalchemy as sa

from qantara.ledger import METADATA, create_tables, transaction
from qantara.records import Action, Decision, ErrorDegree, content_id

# Nobody edits or rejects for nothing: until a person says otherwise, the error that made them do it is taken for a major one.
ERROR_UNLESS_SAID: Mapping[Action, ErrorDegree] = {"accept": "none", "edit": "major", "reject": "major"}

DECISION = sa.Table(
    "decision",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("record_id", sa.Text, nullable=False, index=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("reviewer", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("edited", sa.Text, nullable=False),
    sa.Column("decided_at", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
)


def prepare(engine: sa.Engine) -> None:
    """Create what tables the ledger lacks and the column that an older one lacks; safe when several processes do it at once."""
    create_tables(engine)
    if _has_error_column(engine):
        return
    with transaction(engine) as connection:
        lock = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "LOCK TABLE decision IN ACCESS EXCLUSIVE MODE"
        connection.exec_driver_sql(lock)
        if _has_error_column(connection):  # another process was first
            return
        connection.execute(sa.text("ALTER TABLE decision ADD COLUMN error TEXT NOT NULL DEFAULT ''"))
        for action, error in ERROR_UNLESS_SAID.items():
            connection.execute(sa.update(DECISION).where(DECISION.c.action == action).values(error=error))


def _has_error_column(bind: sa.Engine | sa.Connection) -> bool:
    return any(column["name"] == "error" for column in sa.inspect(bind).get_columns("decision"))


def add_decisions(engine: sa.Engine, decisions: Iterable[Decision]) -> int:
    """Append the decisions that say something new (the same one again adds no event); return how many were added."""
    prepare(engine)
    known = latest_decisions(engine)
    new = [decision for decision in decisions if known.get(decision.record_id) != decision]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    rows = [
        {
            "record_id": decision.record_id,
            "action": decision.action,
            "reviewer": decision.reviewer,
            "reason": decision.reason,
            "edited": json.dumps(dict(decision.edited), ensure_ascii=False),
            "decided_at": now,
            "error": decision.error,
        }
        for decision in new
    ]
    if rows:
        with engine.begin() as connection:
            connection.execute(sa.insert(DECISION), rows)
    return len(rows)


def latest_decisions(engine: sa.Engine) -> dict[str, Decision]:
    """Return the decision that counts for each record that has one."""
    prepare(engine)
    found: dict[str, Decision] = {}
    with engine.connect() as connection:
        for row in connection.execute(sa.select(DECISION).order_by(DECISION.c.sequence)).mappings():
            found[row["record_id"]] = Decision(
                record_id=row["record_id"],
                action=row["action"],
                reviewer=row["reviewer"],
                reason=row["reason"],
                edited=tuple(json.loads(row["edited"]).items()),
                error=row["error"],
            )
    return found


def decisions_hash(engine: sa.Engine) -> str:
    """Return a hash of the decisions that count, so that a run knows when people have decided anew."""
    latest = latest_decisions(engine)
    return content_id(
        [[d.record_id, d.action, d.reviewer, d.reason, list(d.edited), d.error] for _, d in sorted(latest.items())]
    )
