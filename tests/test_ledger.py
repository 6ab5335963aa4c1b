"""The ledger's database: the same on SQLite and PostgreSQL, with several processes at once, and what it is not to be."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest
import sqlalchemy as sa

from qantara.errors import StoreError
from qantara.ledger import METADATA, add_missing_columns, create_tables, insert_new, open_ledger, transaction

# What each of several processes does after the word to go; `place` is the ledger, `who` the number of the process
PROCESS = """
import sys
import sqlalchemy as sa
from qantara.ledger import METADATA, create_tables, insert_new, open_ledger, transaction
place, who = sys.argv[1], int(sys.argv[2])
ROW = sa.Table("numbered", METADATA, sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
               sa.Column("key", sa.String(32), nullable=False, unique=True), sa.Column("text", sa.Text, index=True))
print("ready", flush=True)
sys.stdin.readline()
engine = open_ledger(place)
create_tables(engine)
"""
READ_THEN_WRITE = """
for _ in range(250):
    with transaction(engine, writing=True) as connection:
        last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(ROW.c.sequence), 0))).scalar_one()
        rows = [{"sequence": number, "key": f"{number:032x}", "text": str(who)} for number in range(last + 1, last + 5)]
        connection.execute(sa.insert(ROW), rows)
print("done")
"""
SAME_KEYS = """
new = 0
for start in range(0, 500, 10):
    with transaction(engine) as connection:
        rows = [{"key": f"{number:032x}", "text": str(who)} for number in range(start, start + 10)]
        new += connection.execute(insert_new(engine, ROW), rows).rowcount
print(new)
"""
READ_ALL = sa.text("select sequence, key, text from numbered order by sequence")


def pragma(engine, name):
    with engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def run(engine, *statements):
    with transaction(engine) as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def at_once(place, script, num_processes):
    """Return the last line that each of the processes printed."""
    command = [sys.executable, "-c", PROCESS + script, place]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([*command, str(who)], **pipes) for who in range(num_processes)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    outcomes = [process.communicate() for process in processes]
    assert [errors for _, errors in outcomes] == [""] * num_processes
    return [output.split()[-1] for output, _ in outcomes]


@pytest.fixture
def engine(ledger_url):
    engine = open_ledger(ledger_url)
    yield engine
    engine.dispose()


def older(engine, *, with_rows):
    """Make the table of an older run, and return it as it is today."""
    run(engine, "create table grown (number integer primary key)")
    if with_rows:
        run(engine, "insert into grown values (1)")
    return sa.Table(
        "grown",
        sa.MetaData(),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("round", sa.Integer, nullable=False, server_default="0"),
        sa.Column("order", sa.Text, nullable=False, server_default="50 %", index=True),
        sa.Column("status", sa.Integer),
    )


def test_a_new_file_is_made_with_write_ahead_log_and_full_sync(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    found = [pragma(engine, name) for name in ("journal_mode", "synchronous", "busy_timeout", "application_id")]
    assert found == ["wal", 2, 30000, 0x51414E54]
    engine.dispose()


@pytest.mark.parametrize("name", ["ledger.sqlite", "a ledger, 100 % mine?.sqlite"])
def test_a_path_as_text_and_a_url_open_the_same_file(tmp_path, name):
    path = tmp_path / name
    for place in (str(path), path, sa.URL.create("sqlite", database=str(path)).render_as_string()):
        engine = open_ledger(place)
        assert pragma(engine, "journal_mode") == "wal"
        assert pragma(engine, "application_id") == 0x51414E54
        engine.dispose()
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_tables_are_made_once(engine):
    create_tables(engine)
    create_tables(engine)  # the second time there is nothing to do
    assert set(METADATA.tables) <= set(sa.inspect(engine).get_table_names())


def test_changes_of_a_failed_transaction_are_not_kept(engine):
    run(engine, "create table t (n integer)")
    with pytest.raises(StoreError, match=r"no such table|does not exist") as caught:
        run(engine, "insert into t values (1)", "insert into absent values (1)")
    assert "\n" not in str(caught.value)
    with transaction(engine) as connection:
        assert connection.execute(sa.text("select count(*) from t")).scalar_one() == 0


def test_a_statement_that_breaks_a_rule_of_the_table_is_a_bug_and_shows_no_text(engine):
    run(engine, "create table t (n integer primary key, text text)")
    table = sa.Table("t", sa.MetaData(), autoload_with=engine)
    rows = [{"n": 1, "text": "a prompt"}] * 2
    with pytest.raises(sa.exc.IntegrityError) as caught, transaction(engine) as connection:
        connection.execute(sa.insert(table), rows)
    assert "a prompt" not in str(caught.value)


def test_tables_are_made_by_several_processes_at_once(ledger_url):
    assert at_once(ledger_url, 'print("done")', num_processes=4) == ["done"] * 4
    engine = open_ledger(ledger_url)
    assert {index["name"] for index in sa.inspect(engine).get_indexes("numbered")} >= {"ix_numbered_text"}
    engine.dispose()


def test_what_two_processes_read_still_holds_when_they_write(ledger_url):
    assert at_once(ledger_url, READ_THEN_WRITE, num_processes=2) == ["done"] * 2
    engine = open_ledger(ledger_url)
    with transaction(engine) as connection:
        rows = connection.execute(READ_ALL).all()
    assert [row.sequence for row in rows] == list(range(1, 2001))
    assert [sum(row.text == who for row in rows) for who in "01"] == [1000, 1000]
    engine.dispose()


def test_the_same_keys_stored_by_two_processes_at_once_are_there_once_and_the_first_stay(ledger_url):
    new = at_once(ledger_url, SAME_KEYS, num_processes=2)
    engine = open_ledger(ledger_url)
    with transaction(engine) as connection:
        rows = connection.execute(READ_ALL).all()
    assert sorted(row.key for row in rows) == [f"{number:032x}" for number in range(500)]
    assert [str(sum(row.text == who for row in rows)) for who in "01"] == new
    engine.dispose()


@pytest.mark.parametrize("count", [1, 3])
def test_the_row_that_was_there_first_stays(engine, count):
    run(engine, "create table t (key text unique, text text)", "insert into t values ('1', 'first')")
    statement = insert_new(engine, sa.Table("t", sa.MetaData(), autoload_with=engine))
    with transaction(engine) as connection:
        rows = [{"key": str(number), "text": "second"} for number in range(1, count + 1)]
        assert connection.execute(statement, rows).rowcount == count - 1
        texts = connection.execute(sa.text("select text from t order by key")).scalars().all()
    assert texts == ["first"] + ["second"] * (count - 1)


@pytest.mark.parametrize("with_rows", [False, True])
def test_a_table_of_an_older_run_gets_its_new_columns_and_indexes(engine, with_rows):
    table = older(engine, with_rows=with_rows)
    for _ in range(2):  # the second time there is nothing to do
        add_missing_columns(engine, table)
    assert {index["name"] for index in sa.inspect(engine).get_indexes("grown")} == {"ix_grown_order"}
    with transaction(engine) as connection:
        connection.execute(sa.insert(table).values(number=2, round=7))
        rows = connection.execute(sa.select(table).order_by(table.c.number)).all()
    assert [tuple(row) for row in rows] == [(1, 0, "50 %", None)] * with_rows + [(2, 7, "50 %", None)]


def test_a_corrupt_file_is_an_error_and_stays_as_it_is(tmp_path):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="is corrupt") as caught:
        open_ledger(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"this is no database" * 100


def test_a_file_that_is_damaged_behind_its_header_is_one_line(tmp_path):
    path = tmp_path / "ledger.sqlite"
    engine = open_ledger(path)
    run(engine, "create table t (text text)", "insert into t values ('" + "a" * 9000 + "')")
    engine.dispose()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(StoreError, match="malformed") as caught:
        run(open_ledger(path), "select text from t")
    assert "\n" not in str(caught.value)


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


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nosuchdatabase://host/name", "nosuchdatabase is not supported"),
        ("mysql://host/name", "mysql is not supported"),
        ("sqlite://", "sqlite:///FILE"),
        ("sqlite:///ledger.sqlite?mode=ro", "without options"),
        ("postgresql://host:port/name", "can't be read"),
        ("://host", "can't be read"),
        ("postgresql://qantara@127.0.0.1:1/name", "postgresql\\+psycopg://qantara@127.0.0.1:1/name can't be used"),
        ("postgresql://qantara@127.0.0.1:1/name?nosuchoption=1", "invalid connection option"),
        ("postgresql://127.0.0.1:1/name?connect_timeout=soon", "connect_timeout"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(url, message):
    with pytest.raises(StoreError, match=message) as caught:
        open_ledger(url)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:geheim@127.0.0.1:1/name",
        "postgresql://me:geheim@more@127.0.0.1:1/name",
        "postgresql://me@127.0.0.1:1/name?password=geheim",
        "postgresql://me:geheim@127.0.0.1:port/name",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_shown(url):
    with pytest.raises(StoreError, match=r"holds a password|can't be read") as caught:
        open_ledger(url)
    assert "geheim" not in str(caught.value)


def test_a_missing_driver_is_an_error_that_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"qantara\[postgres\]"):
        open_ledger("postgresql://127.0.0.1:1/name")


def test_a_connection_tells_the_server_who_it_is_and_does_not_wait_for_ever(postgres_url):
    for url, name in ((postgres_url, "qantara"), (f"{postgres_url}&application_name=mine", "mine")):
        engine = open_ledger(url)
        with transaction(engine) as connection:
            assert connection.exec_driver_sql("SHOW application_name").scalar_one() == name
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == "30s"
        engine.dispose()


def test_a_connection_that_is_lost_is_one_line_and_the_next_transaction_gets_another(postgres_url):
    engine = open_ledger(postgres_url)
    with pytest.raises(StoreError, match="can't be used") as caught:
        run(engine, "select pg_terminate_backend(pg_backend_pid(), 0)", "select 1")
    assert "\n" not in str(caught.value)
    run(engine, "select 1")
    engine.dispose()


def test_a_database_that_cannot_hold_arabic_is_refused(postgres_url):
    engine = open_ledger(postgres_url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        options = "encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'"
        connection.exec_driver_sql("drop database if exists qantara_test_latin")
        connection.exec_driver_sql(f"create database qantara_test_latin {options}")
        with pytest.raises(StoreError, match="LATIN1"):
            open_ledger(engine.url.set(database="qantara_test_latin", query={}).render_as_string())
        connection.exec_driver_sql("drop database qantara_test_latin with (force)")
    engine.dispose()


def test_a_new_file_that_many_open_at_once_is_waited_for(tmp_path):
    faults = []

    def open_and_close(path, start):
        start.wait()
        try:
            engine = open_ledger(path)
            with transaction(engine):
                pass
            engine.dispose()
        except StoreError as error:
            faults.append(str(error))

    for i in range(30):  # without waiting some three of these fail
        start = threading.Barrier(6)
        threads = [threading.Thread(target=open_and_close, args=(tmp_path / f"{i}.sqlite", start)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []
