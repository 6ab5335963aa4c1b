import asyncio
import threading
from types import SimpleNamespace

from qantara.fidelity.terms import Glossary
from qantara.records import Answer, Attempt, Finding, Origin, child, with_id
from qantara.translator.memory import Entry, build_memory

FIELDS = {"question": "How much metformin is given to an adult?", "answer": "Take 500 mg with each meal."}
SOURCE = with_id(Answer(id="", language="en", origin=Origin(source="t", native_id="1"), **FIELDS))
ARABIC = "ما مقدار الميتفورمين الذي يُعطى للبالغ؟"


def previous(*findings):
    target = child(SOURCE, {"question": ARABIC, "answer": "تناول 500 ملغ مع كل وجبة."}, "ar")
    return Attempt(round=0, target=target, findings=findings, score=70)


def finding(field, severity="fail"):
    return Finding(rule="digits.changed", severity=severity, field=field, message="m")


def memory():
    entry = Entry(id="1", role="question", source=FIELDS["question"], target=ARABIC, decided_by="person")
    return build_memory([entry], ("en", "ar"))


def closed(room):
    asyncio.run(room.close())


def test_without_memory_and_glossary_nothing_is_reused_and_no_term_named(make_room):
    room, *_ = make_room(lambda _: "")
    assert room.reusable(FIELDS, None) == {}
    assert room.terms(FIELDS) == ""
    closed(room)


def test_a_known_field_is_reused_until_a_fault_is_found_in_it(make_room):
    room, *_ = make_room(lambda _: "", memory=memory())
    known = {"question": ARABIC}
    assert room.reusable(FIELDS, None) == known
    assert room.counts["reused"] == 1
    assert room.reusable(FIELDS, previous(finding("answer"))) == known
    assert room.reusable(FIELDS, previous(finding("question", "info"))) == known
    assert room.reusable(FIELDS, previous(finding("question"))) == {}
    assert room.reusable(FIELDS, previous(finding(""))) == {}
    closed(room)


def test_terms_that_stand_in_the_texts_are_named(make_room):
    room, *_ = make_room(lambda _: "", glossary=Glossary({"metformin": ("ميتفورمين",), "aspirin": ("أسبرين",)}))
    assert "metformin = ميتفورمين" in room.terms(FIELDS)
    assert "aspirin" not in room.terms(FIELDS)
    closed(room)


def test_as_many_calls_wait_as_the_widest_backend_takes(make_room):
    room, translator, judge, _ = make_room(lambda _: "", judge=lambda _: "")
    translator.capacity, judge.capacity = 3, 40
    assert room.capacity == 40
    assert room.callers() == [room.translator, room.judge]
    closed(room)


def test_checks_run_in_one_thread_of_their_own(make_room):
    room, *_ = make_room(lambda _: "")

    async def run():
        return [await room.in_thread(threading.get_ident) for _ in range(3)]

    idents = asyncio.run(run())
    assert len(set(idents)) == 1
    assert idents[0] != threading.get_ident()
    closed(room)


def test_closing_gives_back_backends_and_threads(make_room):
    others = set(threading.enumerate())  # what earlier tests left
    room, translator, judge, _ = make_room(lambda _: "", judge=lambda _: "")
    ended = []

    async def close(backend):
        ended.append(backend)

    for script in (translator, judge):
        script.close = lambda script=script: close(script)
    before = {thread.name for thread in set(threading.enumerate()) - others}
    asyncio.run(room.in_thread(SimpleNamespace))
    asyncio.run(room.close())
    assert ended == [translator, judge]
    left = {thread.name for thread in set(threading.enumerate()) - others}
    assert "ledger" in before
    assert not {name for name in left if name == "ledger" or name.startswith("checks")}
