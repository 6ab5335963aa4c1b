import asyncio
from dataclasses import replace

import pytest

from qantara.errors import CallFailed
from qantara.records import Answer, with_id
from qantara.synthesize.forms import Form, Order
from qantara.synthesize.tags import tagged
from qantara.synthesize.writing import dialogue_of, write

EN = Form(("en",), "en")
JUDGE = {"backend": "endpoint", "url": "http://127.0.0.1:9/v1", "model": "judge"}


@pytest.fixture
def written(item, room, config):
    def run(writer, judging=None, of=item, **settings):
        made = room(writer, judging)

        async def work():
            try:
                return await write(Order(of, EN), config(**settings), made)
            finally:
                await made.close()

        return asyncio.run(work())

    return run


def test_a_right_answer_becomes_a_child_of_its_item(written, scripted, item, english):
    dialogue = written(scripted(tagged(english))).dialogue
    assert (dialogue.origin.parent, dialogue.origin.family) == (item.id, item.id)
    assert (dialogue.origin.licence, dialogue.origin.subject) == ("Apache-2.0", "cardiology")
    assert (dialogue.language, dialogue.turns) == ("en", english)
    assert dialogue.id != item.id


def test_the_family_of_a_translated_item_is_kept(item, english):
    child = replace(item, origin=replace(item.origin, family="ancestor", parent="ancestor"))
    made = dialogue_of(child, Form(("ar", "en"), "ar"), english)
    assert (made.origin.family, made.origin.parent, made.language) == ("ancestor", item.id, "ar")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (("<t role", "length"), "call.truncated"),
        (("", "empty"), "call.empty"),
        (("no", "refused"), "call.refused"),
        (("", "bad_request"), "call.bad_request"),
        (("", "other"), "call.failed"),
        ("Hello", "form.no_turns"),
        ("I'm sorry, but I can't help with that.", "frame.refusal"),
        (CallFailed("no answer", "timeout"), "call.timeout"),
    ],
)
def test_an_answer_that_is_no_dialogue_has_its_reason(written, scripted, answer, reason):
    made = written(scripted(answer), resamples=0)
    assert made.dialogue is None
    assert made.faults[0].reason == reason


def test_an_answer_at_fault_is_asked_for_again_and_the_last_ones_faults_count(written, scripted, english):
    wrong = tagged((*english[:3], replace(english[3], text="Take apixaban 10 mg twice daily.")))
    writer = scripted(wrong, "Hello", tagged(english))
    assert written(writer, resamples=2).dialogue is not None
    assert [request.sample for request in writer.requests] == [0, 1, 2]
    again = written(scripted("x", "y", wrong), resamples=2, max_output_tokens=999)
    assert [fault.reason for fault in again.faults] == ["answer.wrong_option", "answer.missing"]


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        ('{"verdict": "agrees"}', ""),
        ('{"verdict": "contradicts"}', "judge.contradicts"),
        ('{"verdict": "unclear"}', "judge.unclear"),
        ("I think so", "judge.unreadable"),
    ],
)
def test_a_judge_can_only_take_away(written, scripted, english, verdict, reason):
    made = written(scripted(tagged(english)), scripted(verdict), resamples=0, judge=JUDGE)
    assert [fault.reason for fault in made.faults] == ([reason] if reason else [])
    assert (made.dialogue is None) == bool(reason)


def test_a_dialogue_at_fault_is_not_judged(written, scripted):
    judge = scripted()
    written(scripted("Hello"), judge, resamples=0, judge=JUDGE)
    assert judge.requests == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answer_index": 7}, "item.no_answer"),
        ({"answer_index": -1}, "item.no_answer"),
        ({"options": ("only one",), "answer_index": 0}, "item.no_answer"),
        ({"question": " "}, "item.empty"),
        ({"options": ("", "b"), "answer_index": 1}, "item.empty"),
        ({"explanation": "see <right>"}, "item.reserved_markup"),
    ],
)
def test_an_item_that_cannot_be_used_costs_no_call(written, scripted, make_item, changes, reason):
    writer = scripted()
    assert written(writer, of=make_item(**changes)).faults[0].reason == reason
    assert writer.requests == []


def test_a_record_of_another_kind_has_no_right_answer(written, scripted, item):
    other = with_id(Answer(id="", language="en", origin=item.origin, question="Why?", answer="So."))
    assert written(scripted(), of=other).faults[0].reason == "not_a_choice"
