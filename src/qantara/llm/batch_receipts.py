"""What was handed to a batch server and may still bring answers: tables `batch` and `batch_call` in the run's ledger.

A receipt is written before anything is created at the server and carries its own id there as metadata, so that a batch is found
again whenever the process is killed. Receipts stay; a call that has its answer in the ledger (`calls`) is never looked for again.
"""

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from qantara.ledger import METADATA, create_tables, transaction

State = Literal["planned", "created", "cancelled", "never_ran"]

BATCH = sa.Table(
    "batch",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("batch_id", sa.Text),  # the server's
    sa.Column("planned_at", sa.Float, nullable=False),  # seconds since 1970
)
BATCH_CALL = sa.Table(
    "batch_call",
    METADATA,
    sa.Column("batch", sa.String(32), primary_key=True),
    sa.Column("key", sa.String(32), primary_key=True),
)
_CALL = sa.table("call", sa.column("key"))  # the answers, see `calls`


@dataclass(frozen=True, slots=True)
class Receipt:
    """A batch that was planned, created, or seen as cancelled by its owner."""

    id: str
    state: State
    batch_id: str | None
    planned_at: float


def new_receipt() -> Receipt:
    """Return the receipt of a batch that is about to be planned."""
    return Receipt(uuid.uuid4().hex, "planned", None, time.time())


class Receipts:
    """The receipts of one server in a run's ledger."""

    def __init__(self, engine: sa.Engine, url: str) -> None:
        self._engine = engine
        self._url = url.rstrip("/")

    def unanswered(self) -> dict[str, Receipt]:
        """Return by key the newest receipt of every call that has no answer yet; batches that never ran are left out."""
        create_tables(self._engine)
        query = (
            sa.select(BATCH_CALL.c.key, BATCH)
            .join(BATCH, BATCH.c.id == BATCH_CALL.c.batch)
            .where(BATCH.c.url == self._url, BATCH.c.state != "never_ran")
            .where(~sa.exists().where(_CALL.c.key == BATCH_CALL.c.key))
            .order_by(BATCH.c.planned_at)
        )
        with transaction(self._engine) as connection:
            receipts: dict[str, Receipt] = {}
            found: dict[str, Receipt] = {}
            for row in connection.execute(query):
                one = receipts.setdefault(row.id, Receipt(row.id, row.state, row.batch_id, row.planned_at))
                found[row.key] = one
            return found

    def plan(self, receipt: Receipt, keys: Iterable[str]) -> None:
        """Commit that these calls will be sent as one batch."""
        values = {"id": receipt.id, "url": self._url, "state": receipt.state, "planned_at": receipt.planned_at}
        with transaction(self._engine) as connection:
            connection.execute(sa.insert(BATCH), [values])
            connection.execute(sa.insert(BATCH_CALL), [{"batch": receipt.id, "key": key} for key in keys])

    def note(self, receipt_id: str, state: State, batch_id: str | None = None) -> None:
        """Commit what became of a batch, with the server's id of it where that is news."""
        values = {"state": state} | ({"batch_id": batch_id} if batch_id else {})
        with transaction(self._engine) as connection:
            connection.execute(sa.update(BATCH).where(BATCH.c.id == receipt_id).values(values))
