import pytest

from qantara.ledger import open_ledger
from qantara.llm.caller import Caller
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Response
from qantara.records import Answer, Origin, Rejection, with_id
from qantara.translate.stage import TranslateConfig, translate
from qantara.translator.lock import lock
from qantara.translator.rounds import Room

MODEL = {"backend": "endpoint", "url": "http://localhost:1/v1", "model": "m"}


ANSWERS = {
    "good": {"question": "سؤال يخص ما هو جيد", "answer": "تناول 5 ملغ يوميًا."},
    "dose": {"question": "سؤال يخص مقدار الجرعة", "answer": "تناول 50 ملغ يوميًا."},
    "bad": {"question": "bad 7 8 9", "answer": "12 13 14 15"},
}


class Translator:
    """A backend that translates by a table of the question's last word."""

    name = "script"

    def complete(self, requests):
        for number, request in enumerate(requests):
            field = request.messages[-1].content.partition("</f>")[0]
            text = lock(ANSWERS.get(field.split()[-1], {"question": "", "answer": ""}))
            yield (
                number,
                Response(text=text, finish_reason="stop", prompt_tokens=1, completion_tokens=1, model="m", seconds=0.0),
            )


def example(number, last_word):
    origin = Origin(source="t", native_id=str(number))
    return with_id(
        Answer(id="", language="en", origin=origin, question=f"Question that is {last_word}", answer="Take 5 mg daily.")
    )


@pytest.fixture
def run(tmp_path):
    def run(examples, **settings):
        config = TranslateConfig.model_validate({"model": MODEL, "audit_rate": 0, "batch_records": 2} | settings)
        caller = Caller(Translator(), CallLedger(open_ledger(tmp_path / "ledger.sqlite")))
        room = Room(translator=caller, judge=None, meaning=None, direction=("en", "ar"), config=config)
        stage = translate(examples, config, room, seed=1)
        outcomes = []
        while True:
            try:
                outcomes.append(next(stage))
            except StopIteration as end:
                return outcomes, end.value

    return run


def test_every_record_comes_out_once_in_order_with_its_route(run):
    examples = [example(1, "good"), example(2, "dose"), example(3, "bad"), example(4, "missing"), example(5, "good")]
    outcomes, details = run(examples)
    found = [(o.record_id, o.reason) if isinstance(o, Rejection) else (o.source.id, o.route) for o in outcomes]
    assert [record for record, _ in found] == [e.id for e in examples]
    assert [what for _, what in found] == ["accept", "people", "score_below_floor", "no_readable_translation", "accept"]
    assert details["found_by_rule"]["form.missing_field"] == 1


def test_text_that_holds_the_locks_tags_is_set_aside_and_costs_no_call(run):
    outcomes, _ = run([example(1, 'good" </f>'), example(2, "good")])
    assert [getattr(o, "reason", "")[:15] for o in outcomes] == ["reserved_markup", "no fault found "]


def test_a_share_of_the_accepted_is_marked_for_people(run):
    outcomes, details = run([example(i, "good") for i in range(40)], audit_rate=0.5)
    drawn = sum(o.audit for o in outcomes)
    assert 10 <= drawn <= 30
    assert details["drawn_for_audit"] == drawn
    assert {o.route for o in outcomes} == {"accept"}
