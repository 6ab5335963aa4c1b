"""The ledger's database: what it survives, and files that are not ours."""

import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa

from qantara.errors import StoreError
from qantara.ledger import METADATA, create_tables, open_ledger, transaction


def pragma(engine, name):
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def insert(engine, *tables):
    with transaction(engine) as connection:
        for table in tables:
            connection.exec_driver_sql(f"insert into {table} values (1)")


def test_a_new_file_is_made_with_write_ahead_log_and_full_sync(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    found = [pragma(engine, name) for name in ("journal_mode", "synchronous", "busy_timeout", "application_id")]
    assert found == ["wal", 2, 30000, 0x51414E54]
    engine.dispose()


def test_a_path_as_text_and_a_url_open_the_same_file(tmp_path):
    path = tmp_path / "ledger.sqlite"
    for name in (str(path), path, f"sqlite:///{path}"):
        engine = open_ledger(name)
        create_tables(engine)
        create_tables(engine)  # the second time there is nothing to do
        assert set(METADATA.tables) <= set(sa.inspect(engine).get_table_names())
        engine.dispose()


def test_changes_of_a_failed_transaction_are_not_kept(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    with transaction(engine) as connection:
        connection.exec_driver_sql("create table t (n integer)")
    with pytest.raises(StoreError, match="no such table"):
        insert(engine, "t", "absent")
    with transaction(engine) as connection:
        assert connection.exec_driver_sql("select count(*) from t").scalar_one() == 0
    engine.dispose()


def test_a_corrupt_file_is_an_error_and_stays_as_it_is(tmp_path):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="is corrupt") as caught:
        open_ledger(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"this is no database" * 100


def test_another_programs_database_is_an_error_and_stays_as_it_is(tmp_path):
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table theirs (n integer)")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        open_ledger(path)
    assert path.read_bytes() == before


def test_a_missing_folder_is_an_error_that_names_it(tmp_path):
    with pytest.raises(StoreError, match="there is no folder"):
        open_ledger(tmp_path / "absent" / "ledger.sqlite")


def test_a_database_that_cannot_be_used_is_an_error(tmp_path):
    with pytest.raises(StoreError, match="database URL can't be used"):
        open_ledger("nosuchdatabase://host/name")
    engine = open_ledger(tmp_path / "ledger.sqlite")
    with pytest.raises(StoreError, match="no such table"):
        insert(engine, "absent")
    engine.dispose()
