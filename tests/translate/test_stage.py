import asyncio

import pytest
from pydantic import ValidationError

from qantara.errors import CallFailed
from qantara.ledger import open_ledger
from qantara.llm.caller import Caller, Desk
from qantara.llm.calls import CallLedger
from qantara.llm.interface import Response
from qantara.records import Answer, Origin, Rejection, with_id
from qantara.translate.stage import TranslateConfig, translate
from qantara.translator.lock import lock
from qantara.translator.policy import policy_id
from qantara.translator.room import Room

MODEL = {"backend": "endpoint", "url": "http://localhost:1/v1", "model": "m"}
ANSWERS = {
    "good": {"question": "سؤال يخص ما هو جيد", "answer": "تناول 5 ملغ يوميًا."},
    "dose": {"question": "سؤال يخص مقدار الجرعة", "answer": "تناول 50 ملغ يوميًا."},
}


class Translator:
    """A backend that translates by a table of the question's last word; "slow" takes longer than all others together."""

    name = "script"
    capacity = 2

    def __init__(self):
        self.num_asked = 0
        self.num_asked_while_slow = 0

    async def answer(self, request, sending):
        await sending()
        self.num_asked += 1
        word = request.messages[-1].content.partition("</f>")[0].split()[-1]
        if word == "lost":
            raise CallFailed("no answer in time", "timeout")
        if word == "slow":
            await asyncio.sleep(0.3)
            self.num_asked_while_slow = self.num_asked
        text = lock(ANSWERS.get(word, {"question": "سؤال عن شيء آخر"}))
        return Response(text=text, finish_reason="stop", prompt_tokens=1, completion_tokens=1, model="m", seconds=0.0)

    async def close(self):
        return


def example(number, last_word):
    origin = Origin(source="t", native_id=str(number))
    return with_id(
        Answer(id="", language="en", origin=origin, question=f"Question that is {last_word}", answer="Take 5 mg daily.")
    )


def config_of(**settings):
    return TranslateConfig.model_validate({"model": MODEL, "audit_rate": 0, "batch_records": 2} | settings)


@pytest.fixture
def room(tmp_path):
    """Return `room(config)`: a room with a scripted translator."""
    engine = open_ledger(tmp_path / "ledger.sqlite")

    def made(config, threshold=None):
        desk = Desk(CallLedger(engine))
        return Room(
            translator=Caller(Translator(), desk),
            judge=None,
            desk=desk,
            meaning=None,
            direction=("en", "ar"),
            config=config,
            threshold=threshold,
        )

    yield made
    engine.dispose()


@pytest.fixture
def run(room):
    """Return `run(examples, ...)`: the outcomes and the details of the summary."""

    def made(examples, threshold=None, **settings):
        config = config_of(**settings)
        stage = translate(examples, config, room(config, threshold), seed=1)
        outcomes = []
        while True:
            try:
                outcomes.append(next(stage))
            except StopIteration as end:
                return outcomes, end.value

    return made


def test_every_record_comes_out_once_in_order_with_its_route(run):
    examples = [example(1, "good"), example(2, "dose"), example(3, "lost"), example(4, "missing"), example(5, "good")]
    outcomes, details = run(examples)
    found = [(o.record_id, o.reason) if isinstance(o, Rejection) else (o.source.id, o.route) for o in outcomes]
    assert [record for record, _ in found] == [e.id for e in examples]
    assert [what for _, what in found] == ["accept", "people", "call_timeout", "no_readable_translation", "accept"]
    assert details["found_by_rule"] == {"digits.changed": 1, "call.timeout": 1, "form.missing_field": 1}
    assert details["policy"] == policy_id(config_of(), ("en", "ar"))
    assert details["threshold"] is None


def test_a_rejection_says_what_was_wrong_with_the_answer_and_not_the_text(run):
    (lost, missing), _ = run([example(3, "lost"), example(4, "missing")])
    assert lost.detail == "the call got no answer, also after retries"
    assert missing.detail == "the answer lacks this field"


def test_a_calibrated_floor_rejects_what_scores_below(run):
    outcomes, details = run([example(2, "dose")], threshold=95, calibration="c.json", floor=71)
    assert [(o.reason, o.detail) for o in outcomes] == [("score_below_floor", "best score 70 of 100")]
    assert details["threshold"] == 95


@pytest.mark.parametrize("setting", [{"threshold": 90}, {"floor": 20}, {"threshold": 90, "floor": 20}])
def test_a_score_decides_nothing_without_a_calibration(setting):
    with pytest.raises(
        ValidationError, match=f"{' and '.join(setting)}: a score decides nothing before it is calibrated"
    ):
        config_of(**setting)
    assert config_of(**setting, calibration="c.json").calibration is not None


def test_text_that_holds_the_locks_tags_is_set_aside_and_costs_no_call(run):
    outcomes, _ = run([example(1, 'good" </f>'), example(2, "good")])
    assert [outcome.reason for outcome in outcomes] == ["reserved_markup", "no fault found"]


def test_no_records_give_no_outcomes(run):
    outcomes, details = run([])
    assert outcomes == []
    assert details["found_by_rule"] == {}


def test_a_share_of_the_accepted_is_marked_for_people(run):
    outcomes, details = run([example(i, "good") for i in range(40)], audit_rate=0.5)
    drawn = sum(o.audit for o in outcomes)
    assert 10 <= drawn <= 30
    assert details["drawn_for_audit"] == drawn
    assert {o.route for o in outcomes} == {"accept"}


def test_one_call_that_hangs_lets_a_bounded_number_of_others_go_ahead(room):
    config, pulled = config_of(max_rounds=0, resamples=0), []

    def examples():
        for number in range(100):
            pulled.append(number)
            yield example(number, f"number {number}" if number else "slow")

    made = room(config)
    assert len(list(translate(examples(), config, made, seed=1))) == 100
    backend = made.translator.backend
    assert backend.num_asked_while_slow == 8  # 4 records for each of 2 places
    assert pulled == list(range(100))


def test_where_and_how_fast_a_model_is_asked_is_no_part_of_the_result():
    settings = config_of().result_settings()
    assert config_of(model=MODEL | {"url": "http://other/v1", "concurrency": 9}).result_settings() == settings
    for change in ({"model": MODEL | {"model": "n"}}, {"judge": MODEL | {"model": "j"}}, {"max_rounds": 1}):
        assert config_of(**change).result_settings() != settings
