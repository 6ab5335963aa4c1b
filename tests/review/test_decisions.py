import multiprocessing

import pytest
import sqlalchemy as sa

from qantara.ledger import create_tables, open_ledger
from qantara.records import Decision
from qantara.review.decisions import add_decisions, decisions_hash, latest_decisions, prepare

ACCEPT = Decision(record_id="a", action="accept", reviewer="r1")
EDIT = Decision(
    record_id="a", action="edit", reviewer="r2", reason="dose", edited=(("answer", "٥ ملغ"),), error="major"
)


@pytest.fixture
def engine(ledger_url):
    engine = open_ledger(ledger_url)
    yield engine
    engine.dispose()


@pytest.fixture
def old_ledger(engine):
    """Return a ledger from before people were asked how bad an error was, with one decision of each kind."""
    create_tables(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE decision DROP COLUMN error")
        for action in ("accept", "edit", "reject"):
            values = f"('{action}', '{action}', 'r', 'x', '{{}}', '2026-01-01')"
            columns = "record_id, action, reviewer, reason, edited, decided_at"
            connection.exec_driver_sql(f"INSERT INTO decision ({columns}) VALUES {values}")
    return engine


def prepare_place(place):
    engine = open_ledger(place)
    prepare(engine)
    engine.dispose()


def test_the_last_decision_counts_and_none_is_overwritten(engine):
    assert add_decisions(engine, [ACCEPT]) == 1
    first = decisions_hash(engine)
    assert add_decisions(engine, [EDIT]) == 1
    assert latest_decisions(engine) == {"a": EDIT}
    assert decisions_hash(engine) != first
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM decision").scalar() == 2


def test_the_same_decision_again_adds_no_event(engine):
    add_decisions(engine, [EDIT])
    before = decisions_hash(engine)
    assert add_decisions(engine, [EDIT]) == 0
    assert decisions_hash(engine) == before


def test_another_degree_of_error_is_another_decision(engine):
    add_decisions(engine, [ACCEPT])
    before = decisions_hash(engine)
    minor = Decision(record_id="a", action="accept", reviewer="r1", error="minor")
    assert add_decisions(engine, [minor]) == 1
    assert decisions_hash(engine) != before


def test_decisions_are_there_when_the_ledger_is_opened_again(engine, ledger_url):
    add_decisions(engine, [EDIT])
    again = open_ledger(ledger_url)
    assert latest_decisions(again) == {"a": EDIT}
    again.dispose()


def test_an_older_ledger_gets_the_column_filled_by_what_was_done(old_ledger):
    found = latest_decisions(old_ledger)
    assert {d.action: d.error for d in found.values()} == {"accept": "none", "edit": "major", "reject": "major"}
    assert add_decisions(old_ledger, [*found.values(), EDIT]) == 1
    assert latest_decisions(old_ledger) == found | {"a": EDIT}


def test_several_processes_may_bring_an_older_ledger_up_to_date_at_once(old_ledger, ledger_url):
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map(prepare_place, [ledger_url] * 6)
    names = [column["name"] for column in sa.inspect(old_ledger).get_columns("decision")]
    assert names.count("error") == 1
