from dataclasses import replace

import pytest

from qantara.records import Decision, Rejection
from qantara.review.decisions import ERROR_UNLESS_SAID
from qantara.review.stage import edited_target, review


def run(translations, decisions):
    stage = review(translations, {decision.record_id: decision for decision in decisions})
    outcomes = []
    while True:
        try:
            outcomes.append(next(stage))
        except StopIteration as end:
            return outcomes, end.value


def decide(translation, action, reason="", **edited):
    return Decision(
        record_id=translation.source.id,
        action=action,
        reviewer="r",
        reason=reason,
        edited=tuple(edited.items()),
        error=ERROR_UNLESS_SAID[action],
    )


def test_without_decisions_the_accepted_pass_and_the_doubted_wait(translations):
    outcomes, details = run(translations, [])
    assert [getattr(o, "reason", "kept") for o in outcomes] == ["awaits_review", "kept", "kept"]
    assert details["accepted_error_rate"]["reviewed"] == 0


def test_an_edit_becomes_the_text_and_stays_in_the_family(translations):
    doubted = translations[0]
    outcomes, _ = run(translations, [decide(doubted, "edit", answer="تناول 5 ملغ يوميًا.")])
    assert outcomes[0].answer == "تناول 5 ملغ يوميًا."
    assert outcomes[0].question == "كم الجرعة؟"
    assert outcomes[0].origin.family == doubted.source.id


@pytest.mark.parametrize(
    ("action", "reason", "edited", "expected"),
    [
        ("reject", "wrong", {}, "rejected_by_reviewer"),
        ("edit", "", {"answer": "تناول 500 ملغ يوميًا."}, "edit_fails_checks"),
        ("edit", "the source has a slip", {"answer": "تناول 500 ملغ يوميًا."}, "kept"),
        ("accept", "", {}, "kept"),
    ],
)
def test_what_a_decision_does_to_a_doubted_translation(translations, action, reason, edited, expected):
    outcomes, _ = run(translations, [decide(translations[0], action, reason, **edited)])
    assert getattr(outcomes[0], "reason", "kept") == expected


def test_the_error_rate_of_accepted_items_comes_from_the_audit(translations):
    _, details = run(translations, [decide(translations[1], "edit", answer="في الصباح.", reason="x")])
    rate = details["accepted_error_rate"]
    assert (rate["wrong"], rate["reviewed"]) == (1, 1)
    assert rate["low"] > 0.2
    assert details["decisions"] == {"none": 2, "edit": 1}


def test_an_accepted_record_with_a_minor_error_is_not_wrong(translations):
    minor = replace(decide(translations[1], "accept"), error="minor")
    _, details = run(translations, [minor])
    assert (details["accepted_error_rate"]["wrong"], details["accepted_error_rate"]["reviewed"]) == (0, 1)


def test_every_translation_comes_out_once_and_in_order(translations):
    outcomes, _ = run(translations, [])
    ids = [o.record_id if isinstance(o, Rejection) else o.origin.parent for o in outcomes]
    assert ids == [translation.source.id for translation in translations]


def test_an_edit_changes_its_fields_and_keeps_the_language_of_the_translation(translations):
    edited = edited_target(translations[0], decide(translations[0], "edit", answer="تناول 5 ملغ."))
    assert (edited.answer, edited.question) == ("تناول 5 ملغ.", translations[0].target.question)
    assert (edited.language, edited.origin.parent) == ("ar", translations[0].source.id)


def test_where_there_is_no_translation_there_is_none_to_edit(translations):
    unreadable = replace(translations[0], target=None)
    assert edited_target(unreadable, decide(unreadable, "edit", question="كم؟", answer="تناول 5 ملغ.")) is None
