"""The SQL ledger of a run: one database for language-model calls and reviewers' decisions. Opens it and makes missing tables.

SQLite in the run folder by default, PostgreSQL by URL with the same tables. The tables themselves stand with the code that reads
and writes them and join `METADATA`; nothing here knows what they mean. No password is taken in a URL, since it would be written
into the run folder with the recipe: PostgreSQL's own PGPASSWORD or ~/.pgpass hold it.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.pool import ConnectionPoolEntry

from qantara.errors import StoreError

METADATA = sa.MetaData()
APPLICATION_ID = 0x51414E54  # "QANT": tells our file from another program's by its header, and our lock in PostgreSQL
BUSY_TIMEOUT_SECONDS = 30
CONNECT_TIMEOUT_SECONDS = 10
_URL_FORM = "postgresql://USER@HOST:PORT/DATABASE"
# What a user can mend and the driver doesn't call operational: no permission, no such table, column or schema, read-only
_MENDABLE_STATES = frozenset({"42501", "42P01", "42703", "3F000", "25006"})


def open_ledger(url_or_path: str | Path) -> sa.Engine:
    """Return an engine on a database URL, or on an SQLite file that is created if it isn't there.

    Raises StoreError for a file that is corrupt or another program's, and for a database that can't be reached.
    """
    if isinstance(url_or_path, Path) or "://" not in url_or_path:
        return _open_sqlite(Path(url_or_path))
    url = _read_url(url_or_path)
    return _open_sqlite(Path(url.database or "")) if url.drivername == "sqlite" else _open_postgresql(url)


def create_tables(engine: sa.Engine) -> None:
    """Create the tables of `METADATA` that the database lacks; safe when several processes do it at once."""
    with transaction(engine) as connection:
        if set(METADATA.tables) <= set(sa.inspect(connection).get_table_names()):
            return
    with transaction(engine, writing=True) as connection:
        METADATA.create_all(connection)


def add_missing_columns(engine: sa.Engine, table: sa.Table) -> None:
    """Add the columns and indexes that an older run's table lacks; a column that can't be null needs a `server_default`."""
    with transaction(engine) as connection:
        if not _missing(connection, table):
            return
    with transaction(engine, writing=True) as connection:
        for statement in _missing(connection, table):
            connection.exec_driver_sql(statement)


def insert_new(engine: sa.Engine, table: sa.Table) -> sa.Insert:
    """Return an INSERT that leaves out, without an error, each row whose unique key is there already, also from another process.

    Its `rowcount` is how many rows were new. Give the rows of one transaction in the order of their key: on PostgreSQL two
    processes that store the same keys in different orders would wait for each other.
    """
    insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
    statement: sa.Insert = insert(table).on_conflict_do_nothing()
    return statement.execution_options(preserve_rowcount=True)


@contextmanager
def transaction(engine: sa.Engine, *, writing: bool = False) -> Iterator[sa.Connection]:
    """Give a connection whose changes are committed together at the end; a full disk or a lost database is a StoreError.

    With `writing`, for what is read and then written: no other such transaction runs until this one ends, in any process.
    """
    try:
        with engine.begin() as connection:
            if writing:
                _wait_for_turn(connection)
            yield connection
    except sa.exc.DBAPIError as error:
        if not _can_be_mended(error):
            raise
        raise _unusable(engine.url, error) from error


def _wait_for_turn(connection: sa.Connection) -> None:
    """Become the one writer. SQLite's plain BEGIN would not wait but fail, when another writes between its read and its write."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(APPLICATION_ID)))


def _can_be_mended(error: sa.exc.DBAPIError) -> bool:
    is_corrupt_file = type(error) is sa.exc.DatabaseError  # none of its subclasses: SQLite alone raises it as it is
    if is_corrupt_file or isinstance(error, sa.exc.OperationalError):
        return True
    return getattr(error.orig, "sqlstate", None) in _MENDABLE_STATES  # an attribute of psycopg's errors alone


def _read_url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreError(f"the ledger's database URL can't be read: {_URL_FORM}") from error
    if url.password is not None or any("password" in name for name in url.query):
        raise StoreError(
            f"the ledger's database URL holds a password: give it as PGPASSWORD or in ~/.pgpass, not in {_URL_FORM}"
        )
    if url.drivername not in {"sqlite", "postgresql", "postgresql+psycopg"}:
        raise StoreError(f"the ledger's database URL can't be used ({url.drivername} is not supported): {_URL_FORM}")
    if url.drivername == "sqlite" and (not url.database or url.query):
        raise StoreError("the ledger's database URL can't be used: sqlite:///FILE, without options")
    return url


def _open_postgresql(url: sa.URL) -> sa.Engine:
    wanted = {"application_name": "qantara", "connect_timeout": str(CONNECT_TIMEOUT_SECONDS)}
    arguments = {name: value for name, value in wanted.items() if name not in url.query}
    try:
        engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args=arguments,
            hide_parameters=True,  # they are prompts and answers
            pool_pre_ping=True,  # a server may be restarted in the days that a run takes
            pool_size=2,  # each of many processes keeps few of the server's connections
        )
    except ImportError as error:
        raise StoreError("a ledger in PostgreSQL needs psycopg: pip install 'qantara[postgres]'") from error
    sa.event.listen(engine, "connect", _set_lock_timeout)
    try:
        with transaction(engine) as connection:
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    except sa.exc.DBAPIError as error:  # an option in the URL that there isn't
        raise _unusable(url, error) from error
    if encoding != "UTF8":
        engine.dispose()
        raise StoreError(
            f"the ledger {_label(url)} is stored as {encoding}, which can't hold every text: use a UTF8 database"
        )
    return engine


def _open_sqlite(path: Path) -> sa.Engine:
    is_new = _check_sqlite(path)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
        hide_parameters=True,  # they are prompts and answers
    )
    sa.event.listen(engine, "connect", _set_pragmas)
    if is_new:
        with transaction(engine) as connection:
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
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
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _write_ahead(cursor: DBAPICursor) -> None:
    """Turn the write-ahead log on. SQLite doesn't wait here as it does elsewhere, when another process opens or closes the file."""
    limit = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > limit:
                raise
            time.sleep(0.01)
        else:
            return


def _set_lock_timeout(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Wait for another process no longer than on SQLite; set here, since a connection pooler may refuse it at the start."""
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = '{BUSY_TIMEOUT_SECONDS}s'")
    cursor.close()
    connection.commit()


def _missing(connection: sa.Connection, table: sa.Table) -> list[str]:
    """Return the SQL that brings a table that is there up to date: its missing columns first, then its missing indexes."""
    inspector, dialect = sa.inspect(connection), connection.dialect
    columns = {column["name"] for column in inspector.get_columns(table.name)}
    indexes = {index["name"] for index in inspector.get_indexes(table.name)}
    add = f"ALTER TABLE {dialect.identifier_preparer.format_table(table)} ADD COLUMN"
    new_columns = [sa.schema.CreateColumn(column) for column in table.columns if column.name not in columns]
    new_indexes = [sa.schema.CreateIndex(index) for index in table.indexes if index.name not in indexes]
    statements = [f"{add} {column.compile(dialect=dialect)}" for column in new_columns]
    return statements + sorted(str(index.compile(dialect=dialect)) for index in new_indexes)


def _unusable(url: sa.URL, error: sa.exc.DBAPIError) -> StoreError:
    why = " ".join(str(error.orig).split())
    return StoreError(f"the ledger {_label(url)} can't be used ({why}): mend it and run again")


def _label(url: sa.URL) -> str:
    """Return where the database is: without the query, which may hold more than the place."""
    return url.database or "" if url.get_backend_name() == "sqlite" else url.set(query={}).render_as_string()
