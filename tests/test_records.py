import dataclasses

import pytest

from qantara.records import (
    Answer,
    Choice,
    Dialogue,
    Finding,
    Origin,
    Passage,
    Turn,
    child,
    content_id,
    replace_text,
    text_fields,
    with_id,
    worst,
)

ORIGIN = Origin(source="test", native_id="1")
CHOICE = with_id(
    Choice(id="", language="en", origin=ORIGIN, question="Q", options=("a", "b"), answer_index=1, explanation="E")
)
ANSWER = with_id(Answer(id="", language="en", origin=ORIGIN, question="Q", answer="A", context="C"))
TURNS = (Turn(role="user", text="hi"), Turn(role="assistant", text="hello"))
DIALOGUE = with_id(Dialogue(id="", language="en", origin=ORIGIN, turns=TURNS))
PASSAGE = with_id(Passage(id="", language="en", origin=ORIGIN, text="T"))


def test_text_fields_are_in_reading_order_and_leave_out_what_is_empty():
    assert list(text_fields(CHOICE)) == ["question", "options/0", "options/1", "explanation"]
    assert text_fields(ANSWER) == {"context": "C", "question": "Q", "answer": "A"}
    assert text_fields(DIALOGUE) == {"turns/0": "hi", "turns/1": "hello"}
    assert text_fields(PASSAGE) == {"text": "T"}
    assert text_fields(dataclasses.replace(PASSAGE, text="")) == {}


@pytest.mark.parametrize("example", [CHOICE, ANSWER, DIALOGUE, PASSAGE], ids=lambda e: e.kind)
def test_replacing_every_text_changes_text_and_nothing_else(example):
    changed = replace_text(example, {name: text.upper() + "!" for name, text in text_fields(example).items()})
    assert text_fields(changed) == {name: text.upper() + "!" for name, text in text_fields(example).items()}
    assert changed.origin == example.origin
    if isinstance(example, Choice):
        assert changed.answer_index == example.answer_index
    if isinstance(example, Dialogue):
        assert [turn.role for turn in changed.turns] == ["user", "assistant"]


def test_an_id_follows_from_content_and_place_of_origin():
    assert with_id(CHOICE).id == CHOICE.id
    other_key = with_id(dataclasses.replace(CHOICE, answer_index=0))
    other_source = with_id(dataclasses.replace(CHOICE, origin=dataclasses.replace(ORIGIN, native_id="2")))
    assert len({CHOICE.id, other_key.id, other_source.id}) == 3


def test_a_first_record_is_its_own_family_and_a_child_keeps_it():
    arabic = child(CHOICE, {"question": "س"}, "ar")
    assert CHOICE.origin.family == CHOICE.id
    assert (arabic.origin.family, arabic.origin.parent) == (CHOICE.id, CHOICE.id)
    assert (arabic.language, arabic.question, arabic.options) == ("ar", "س", ("a", "b"))
    assert arabic.id != CHOICE.id


def test_records_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        CHOICE.question = "other"  # type: ignore[misc]


def test_content_id_tells_apart_what_joins_to_the_same_text():
    assert content_id("ab", "c") != content_id("a", "bc")
    assert content_id({"x": 1, "y": 2}) == content_id({"y": 2, "x": 1})


@pytest.mark.parametrize(
    ("severities", "verdict"),
    [([], "pass"), (["info"], "pass"), (["info", "warn"], "warn"), (["warn", "fail"], "fail")],
)
def test_the_verdict_is_the_worst_severity(severities, verdict):
    assert worst([Finding(rule="r", severity=s, field="", message="") for s in severities]) == verdict
