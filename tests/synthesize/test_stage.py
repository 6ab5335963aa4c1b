from dataclasses import replace

from qantara.records import Answer, Dialogue, Rejection, with_id
from qantara.synthesize.stage import orders, synthesize
from qantara.synthesize.tags import tagged

BOTH = ("en", "ar")


def run(examples, config, room):
    stage = synthesize(examples, config, room, 1)
    outcomes = []
    while True:
        try:
            outcomes.append(next(stage))
        except StopIteration as end:
            return outcomes, end.value


def test_every_order_comes_out_once_in_order_with_counts(item, english, config, room, scripted):
    other = with_id(Answer(id="", language="en", origin=item.origin, question="Why?", answer="So."))
    second = with_id(replace(item, explanation="She has none."))
    wrong = tagged((*english[:3], replace(english[3], text="The correct answer is option C, 5 mg twice daily.")))
    writer = scripted(tagged(english), wrong)
    outcomes, details = run([item, other, second], config(forms={"en": 1}, resamples=0), room(writer))
    assert [type(outcome) for outcome in outcomes] == [Dialogue, Rejection, Rejection]
    assert [outcome.reason for outcome in outcomes[1:]] == ["not_a_choice", "frame.exam"]
    assert outcomes[2].record_id == second.id
    assert outcomes[2].detail.startswith("en: turn 4")
    assert details["forms"] == {"en": {"kept": 1, "rejected": 1}}
    assert details["dialogues_by_turns"] == {"4": 1}
    assert details["found_by_check"]["not_a_choice"] == 1
    assert writer.closed


def test_no_text_of_a_dialogue_is_in_a_rejection(item, english, config, room, scripted):
    wrong = tagged((*english[:3], replace(english[3], text="Take warfarin 7 mg for nine weeks.")))
    outcomes, _ = run([item], config(forms={"en": 1}, resamples=0), room(scripted(wrong)))
    assert outcomes[0].reason == "facts.number"
    assert "also facts.drug, answer.missing" in outcomes[0].detail
    for word in ("warfarin", "nine", "7"):
        assert word not in outcomes[0].detail


def test_an_item_is_ordered_once_a_form_and_another_record_once(item, config):
    other = with_id(Answer(id="", language="en", origin=item.origin, question="Why?", answer="So."))
    made = list(orders([item, other], config(forms_per_item=3), BOTH, 1))
    assert {order.form.name for order in made if order.item is item} == {"ar", "en", "switch"}
    assert sum(order.item is item for order in made) == 3
    assert sum(order.item is other for order in made) == 1
