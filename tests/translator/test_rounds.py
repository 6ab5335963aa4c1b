import json

from qantara.errors import CallFailed
from qantara.fidelity.meaning import Compared
from qantara.records import Answer, Choice, Finding, Origin, text_fields, with_id
from qantara.translator.lock import lock

ORIGIN = Origin(source="t", native_id="1")
SOURCE = with_id(Answer(id="", language="en", origin=ORIGIN, question="How much?", answer="Take 5 mg daily."))
GOOD = {"question": "كم الجرعة؟", "answer": "تناول 5 ملغ يوميًا."}
BAD = {"question": "كم الجرعة؟", "answer": "تناول 50 ملغ يوميًا."}
CLEAN = json.dumps({"spans": [], "score": 97})
SPAN = {"field": "answer", "category": "negation", "severity": "critical", "suggestion": "a not is lost"}


def by_round(*answers):
    """Answer with the next text each time a repair round asks for it."""

    def answer(request):
        text = request.messages[-1].content
        number = int(text.partition("Repair round ")[2].partition(":")[0] or 0)
        return answers[min(number, len(answers) - 1)]

    return answer


def test_a_good_translation_takes_one_round(make_room, translated):
    room, translator, *_ = make_room(lambda _: lock(GOOD))
    ((attempt,),) = translated([SOURCE], room)
    assert (attempt.score, attempt.findings, attempt.target.answer) == (100, (), GOOD["answer"])
    assert len(translator.asked) == 1


def test_a_dose_that_changed_is_sent_back_with_the_defect_and_mended(make_room, translated):
    room, translator, *_ = make_room(by_round(lock(BAD), lock(GOOD)))
    (attempts,) = translated([SOURCE], room)
    assert [a.round for a in attempts] == [0, 1]
    assert "digits.changed" in {f.rule for f in attempts[0].findings}
    assert attempts[1].findings == ()
    assert "50" in translator.asked[1].messages[-1].content


def test_rounds_end_at_the_limit(make_room, translated):
    room, translator, *_ = make_room(lambda _: lock(BAD), max_rounds=2)
    (attempts,) = translated([SOURCE], room)
    assert len(attempts) == len(translator.asked) == 3


def test_what_fails_the_checks_is_not_judged_and_what_passes_is(make_room, translated):
    room, _, judge, _ = make_room(by_round(lock(BAD), lock(GOOD)), lambda _: CLEAN)
    (attempts,) = translated([SOURCE], room)
    assert len(judge.asked) == 1
    assert [a.judge_score for a in attempts] == [None, 97]


def test_what_only_the_judge_sees_costs_a_round(make_room, translated):
    said = json.dumps({"spans": [SPAN], "score": 30})
    room, translator, *_ = make_room(lambda _: lock(GOOD), lambda _: said, max_rounds=1)
    (attempts,) = translated([SOURCE], room)
    assert [[f.rule for f in a.findings] for a in attempts] == [["judge.negation"]] * 2
    assert "a not is lost" in translator.asked[1].messages[-1].content


def test_a_warning_costs_a_round_also_where_a_calibrated_threshold_would_accept_it(make_room, translated):
    warned = {"question": "كم الجرعة؟", "answer": "تناول 5 ملغ يوميًا في المعدل."}
    doubt = Finding(rule="meaning.field", severity="warn", field="answer", message="far")
    meaning = lambda batch: [Compared(similarity=0.5, findings=(doubt,)) for _ in batch]  # noqa: E731
    for threshold in (None, 80, 81):
        room, *_ = make_room(lambda _: lock(warned), meaning=meaning, max_rounds=1, threshold=threshold)
        (attempts,) = translated([SOURCE], room)
        assert (len(attempts), attempts[0].score) == (2, 80)


def test_what_sentence_vectors_find_joins_the_findings_of_its_record(make_room, translated):
    far = Finding(rule="meaning.unrelated", severity="fail", field="", message="far")

    def meaning(batch):
        assert batch == [(text_fields(SOURCE), GOOD)]
        return [Compared(similarity=0.1, findings=(far,))]

    room, *_ = make_room(lambda _: lock(GOOD), meaning=meaning, max_rounds=0)
    ((attempt,),) = translated([SOURCE], room)
    assert attempt.findings == (far,)
    assert attempt.similarity == 0.1


def test_structure_never_goes_through_the_model(make_room, translated):
    options = ("5 mg", "10 mg", "20 mg")
    choice = Choice(id="", language="en", origin=ORIGIN, question="Best dose?", options=options, answer_index=2)
    answer = {"question": "ما أفضل جرعة؟", "options/0": "5 ملغ", "options/1": "10 ملغ", "options/2": "20 ملغ"}
    room, translator, *_ = make_room(lambda _: lock(dict(reversed(answer.items()))))
    ((attempt,),) = translated([with_id(choice)], room)
    assert attempt.target.options == ("5 ملغ", "10 ملغ", "20 ملغ")
    assert attempt.target.answer_index == 2
    sent = translator.asked[0].messages[-1].content
    assert "answer_index" not in sent
    assert "C." not in sent


def test_the_same_batch_again_asks_nothing(make_room, translated):
    answer = by_round(lock(BAD), lock(GOOD))
    room, translator, *_ = make_room(answer)
    first = translated([SOURCE], room)
    again, asked_again, *_ = make_room(answer)
    assert translated([SOURCE], again) == first
    assert (len(translator.asked), len(asked_again.asked)) == (2, 0)


def test_one_record_that_gets_no_answer_leaves_the_others_alone(make_room, translated):
    other = with_id(Answer(id="", language="en", origin=ORIGIN, question="How often?", answer="Take 7 mg daily."))
    hopeless = lambda request: "How often" in request.messages[-1].content  # noqa: E731
    room, translator, *_ = make_room(lambda r: CallFailed("no answer", "timeout") if hopeless(r) else lock(GOOD))
    (lost,), (good,) = translated([other, SOURCE], room)
    assert good.target is not None
    assert ([f.rule for f in lost.findings], lost.target) == (["call.timeout"], None)
    assert len(translator.asked) == 2  # a further round would be in vain


def test_arabic_to_english_goes_the_same_way(make_room, translated):
    source = with_id(Answer(id="", language="ar", origin=ORIGIN, **GOOD))
    wrong = {"question": "How much?", "answer": "Take 50 mg daily."}
    right = wrong | {"answer": "Take 5 mg daily."}
    room, translator, *_ = make_room(by_round(lock(wrong), lock(right)), direction=("ar", "en"))
    (attempts,) = translated([source], room)
    assert "from Arabic to English" in translator.asked[0].messages[0].content
    assert [bool(a.findings) for a in attempts] == [True, False]
    assert (attempts[1].target.language, attempts[1].target.answer) == ("en", "Take 5 mg daily.")
