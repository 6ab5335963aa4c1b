from qantara.ledger import open_ledger
from qantara.records import Decision
from qantara.review.decisions import add_decisions, decisions_hash, latest_decisions

ACCEPT = Decision(record_id="a", action="accept", reviewer="r1")
EDIT = Decision(record_id="a", action="edit", reviewer="r2", reason="dose", edited=(("answer", "٥ ملغ"),))


def test_the_last_decision_counts_and_none_is_overwritten(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    assert add_decisions(engine, [ACCEPT]) == 1
    first = decisions_hash(engine)
    assert add_decisions(engine, [EDIT]) == 1
    assert latest_decisions(engine) == {"a": EDIT}
    assert decisions_hash(engine) != first
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM decision").scalar() == 2


def test_the_same_decision_again_adds_no_event(tmp_path):
    engine = open_ledger(tmp_path / "ledger.sqlite")
    add_decisions(engine, [EDIT])
    before = decisions_hash(engine)
    assert add_decisions(engine, [EDIT]) == 0
    assert decisions_hash(engine) == before


def test_decisions_are_there_when_the_ledger_is_opened_again(tmp_path):
    add_decisions(open_ledger(tmp_path / "ledger.sqlite"), [EDIT])
    assert latest_decisions(open_ledger(tmp_path / "ledger.sqlite")) == {"a": EDIT}
