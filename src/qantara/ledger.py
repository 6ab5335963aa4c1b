"""The SQL ledger of a run: one database for language-model calls and reviewers' decisions. Opens it and makes missing tables.

SQLite in the run folder by default, PostgreSQL by URL with the same tables. The tables themselves stand with the code that reads
and writes them and join `METADATA`; nothing here knows what they mean.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from qantara.errors import StoreError

METADATA = sa.MetaData()
APPLICATION_ID = 0x51414E54  # "QANT", in the file's header: tells our file from another program's
BUSY_TIMEOUT_SECONDS = 30


def open_ledger(url_or_path: str | Path) -> sa.Engine:
    """Return an engine on a database URL, or on an SQLite file that is created if it isn't there.

    Raises StoreError for a file that is corrupt or another program's, and for a database that can't be reached.
    """
    if isinstance(url_or_path, str) and "://" in url_or_path:
        return _open_url(url_or_path)
    path = Path(url_or_path)
    is_new = _check_sqlite(path)
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
    sa.event.listen(engine, "connect", _set_pragmas)
    if is_new:
        with transaction(engine) as connection:
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    return engine


def create_tables(engine: sa.Engine) -> None:
    """Create the tables of `METADATA` that the database lacks; safe when several processes do it at once."""
    with transaction(engine) as connection:
        for table in METADATA.sorted_tables:
            connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))


@contextmanager
def transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection whose changes are committed together at the end; a full disk or a lost database is a StoreError."""
    try:
        with engine.begin() as connection:
            yield connection
    except sa.exc.OperationalError as error:
        raise StoreError(f"the ledger {_label(engine)} can't be used ({error.orig}): mend it and run again") from error


def _open_url(url: str) -> sa.Engine:
    try:
        engine = sa.create_engine(url)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise StoreError(
            f"the ledger's database URL can't be used ({error}): postgresql+psycopg://user@host/name"
        ) from error
    with transaction(engine) as connection:
        connection.execute(sa.text("select 1"))
    return engine


def _check_sqlite(path: Path) -> bool:
    """Tell whether the file is new or empty; raise StoreError if it is no SQLite file of ours. Changes nothing."""
    if not path.parent.is_dir():
        raise StoreError(f"the ledger {path} can't be made: there is no folder {path.parent}")
    if not path.exists() or path.stat().st_size == 0:
        return True
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            identity = connection.execute("PRAGMA application_id").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"the ledger {path} is corrupt ({error}): move it away or restore it, then run again"
        ) from error
    if identity != APPLICATION_ID and tables:
        raise StoreError(f"{path} is a database of another program: move it away or name another ledger")
    return bool(identity != APPLICATION_ID)


def _set_pragmas(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Make an answered call survive kill -9 and a power cut, and let readers in while one process writes."""
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _label(engine: sa.Engine) -> str:
    return (
        engine.url.database or ""
        if engine.dialect.name == "sqlite"
        else engine.url.render_as_string(hide_password=True)
    )
