"""Votes: a second judge is asked in the gray band only, and what one judge alone calls an error is a doubt."""

import json

import pytest

from qantara.errors import CallFailed
from qantara.records import Answer, Origin, with_id, worst
from qantara.translator.lock import lock

SOURCE = with_id(
    Answer(
        id="", language="en", origin=Origin(source="t", native_id="1"), question="How much?", answer="Take 5 mg daily."
    )
)
GOOD = {"question": "كم الجرعة؟", "answer": "تناول 5 ملغ يوميًا."}
ERROR = {"field": "answer", "category": "term", "severity": "major", "source": "daily", "target": "يوميًا"}


def said(*spans, score=50):
    text = json.dumps({"spans": list(spans), "score": score}, ensure_ascii=False)
    return lambda _: text


def outcome(make_room, translated, first, second, **settings):
    room, _, judge, other = make_room(lambda _: lock(GOOD), first, second, max_rounds=0, **settings)
    ((attempt,),) = translated([SOURCE], room)
    return attempt, len(judge.asked), len(other.asked)


def test_outside_the_gray_band_one_vote_is_enough(make_room, translated):
    attempt, one, two = outcome(make_room, translated, said(score=97), said(ERROR))
    assert (attempt.findings, attempt.judge_score, one, two) == ((), 97, 1, 0)


def test_what_both_judges_find_stands_and_what_one_finds_is_a_doubt(make_room, translated):
    agreed, *_ = outcome(make_room, translated, said(ERROR, score=40), said(ERROR | {"category": "other"}, score=60))
    assert [(f.rule, f.severity) for f in agreed.findings] == [("judge.term", "fail")]
    assert agreed.judge_score == 50


def test_an_error_that_the_second_judge_does_not_see_becomes_a_warning(make_room, translated):
    alone, one, two = outcome(make_room, translated, said(ERROR), said(score=90))
    assert [(f.rule, f.severity) for f in alone.findings] == [("judge.term", "warn")]
    assert (alone.score, one, two) == (80, 1, 1)


def test_a_wider_band_asks_the_second_judge_about_good_ones_too(make_room, translated):
    other = ERROR | {"field": "question", "source": "How much", "target": "كم"}
    attempt, _, two = outcome(make_room, translated, said(score=97), said(other), gray_band=(0, 100))
    assert [(f.field, f.severity) for f in attempt.findings] == [("question", "warn")]
    assert two == 1


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        ("looks fine to me", "judge.unreadable"),
        (("", "context_overflow"), "judge.context_overflow"),
        (('{"spans": []}', "length"), "judge.length"),
        (CallFailed("no answer", "timeout"), "judge.timeout"),
    ],
)
def test_without_a_readable_judgement_nothing_passes(make_room, translated, answer, rule):
    room, *_ = make_room(lambda _: lock(GOOD), lambda _: answer, max_rounds=0)
    ((attempt,),) = translated([SOURCE], room)
    assert [f.rule for f in attempt.findings] == [rule]
    assert worst(attempt.findings) == "fail"


def test_an_unreadable_judgement_is_asked_for_again(make_room, translated):
    room, _, judge, _ = make_room(lambda _: lock(GOOD), lambda r: said()(r) if r.sample == 2 else "well ...")
    ((attempt,),) = translated([SOURCE], room)
    assert attempt.findings == ()
    assert [r.sample for r in judge.asked] == [0, 1, 2]
