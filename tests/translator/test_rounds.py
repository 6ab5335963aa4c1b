import json

import pytest

from qantara.fidelity.meaning import Compared
from qantara.records import Answer, Choice, Finding, Origin, text_fields, with_id
from qantara.translator.config import TranslatorConfig
from qantara.translator.lock import lock
from qantara.translator.rounds import Room, translate_batch

MODEL = {"backend": "endpoint", "url": "http://localhost:1/v1", "model": "m"}
ORIGIN = Origin(source="t", native_id="1")
SOURCE = with_id(Answer(id="", language="en", origin=ORIGIN, question="How much?", answer="Take 5 mg daily."))
GOOD = {"question": "كم الجرعة؟", "answer": "تناول 5 ملغ يوميًا."}
BAD = {"question": "كم الجرعة؟", "answer": "تناول 50 ملغ يوميًا."}
CLEAN = json.dumps({"spans": [], "score": 97})
SPAN = {"field": "answer", "category": "negation", "severity": "critical", "suggestion": "a not is lost"}


def room(translator, judge=None, meaning=None, **settings):
    config = {"model": MODEL, "judge": MODEL if judge else None} | settings
    return Room(
        translator=translator,
        judge=judge,
        meaning=meaning,
        direction=("en", "ar"),
        config=TranslatorConfig.model_validate(config),
    )


def by_round(*answers):
    """Answer with the next text each time a repair round asks for it."""

    def answer(request):
        text = request.messages[-1].content
        number = int(text.partition("Repair round ")[2].partition(":")[0] or 0)
        return answers[min(number, len(answers) - 1)]

    return answer


def test_a_good_translation_takes_one_round(caller):
    translator, asked = caller(lambda _: lock(GOOD))
    ((attempt,),) = translate_batch([SOURCE], room(translator))
    assert (attempt.score, attempt.findings, attempt.target.answer) == (100, (), GOOD["answer"])
    assert len(asked.asked) == 1


def test_a_dose_that_changed_is_sent_back_with_the_defect_and_mended(caller):
    translator, backend = caller(by_round(lock(BAD), lock(GOOD)))
    (attempts,) = translate_batch([SOURCE], room(translator))
    assert [a.round for a in attempts] == [0, 1]
    assert "digits.changed" in {f.rule for f in attempts[0].findings}
    assert attempts[1].findings == ()
    assert "50" in backend.asked[1].messages[-1].content


def test_rounds_end_at_the_limit(caller):
    translator, backend = caller(lambda _: lock(BAD))
    (attempts,) = translate_batch([SOURCE], room(translator, max_rounds=2))
    assert len(attempts) == len(backend.asked) == 3


def test_what_fails_the_checks_is_not_judged_and_what_passes_is(caller):
    translator, _ = caller(by_round(lock(BAD), lock(GOOD)))
    judge, judged = caller(lambda _: CLEAN)
    (attempts,) = translate_batch([SOURCE], room(translator, judge))
    assert len(judged.asked) == 1
    assert [a.judge_score for a in attempts] == [None, 97]


def test_what_only_the_judge_sees_costs_a_round(caller):
    translator, _ = caller(lambda _: lock(GOOD))
    judge, _ = caller(lambda _: json.dumps({"spans": [SPAN], "score": 30}))
    (attempts,) = translate_batch([SOURCE], room(translator, judge, max_rounds=1))
    assert [[f.rule for f in a.findings] for a in attempts] == [["judge.negation"]] * 2


@pytest.mark.parametrize(
    ("text", "reason", "rule"),
    [
        (lock(GOOD), "length", "call.truncated"),
        ("I can't help with that.", "refused", "call.refused"),
        ("", "other", "call.failed"),
        ('<f id="question">كم؟</f>', "stop", "form.missing_field"),
    ],
)
def test_an_answer_that_is_not_whole_is_never_used(caller, answered, text, reason, rule):
    translator, _ = caller(lambda _: answered(text, reason))
    ((attempt,),) = translate_batch([SOURCE], room(translator, max_rounds=0))
    assert attempt.target is None
    assert rule in {f.rule for f in attempt.findings}
    assert attempt.score < 85


def test_what_sentence_vectors_find_joins_the_findings_of_its_record(caller):
    translator, _ = caller(lambda _: lock(GOOD))
    far = Finding(rule="meaning.unrelated", severity="fail", field="", message="far")

    def meaning(batch):
        assert batch == [(text_fields(SOURCE), GOOD)]
        return [Compared(similarity=0.1, findings=(far,))]

    ((attempt,),) = translate_batch([SOURCE], room(translator, meaning=meaning, max_rounds=0))
    assert attempt.findings == (far,)
    assert attempt.similarity == 0.1


def test_structure_never_goes_through_the_model(caller):
    choice = with_id(
        Choice(
            id="",
            language="en",
            origin=ORIGIN,
            question="Best dose?",
            options=("5 mg", "10 mg", "20 mg"),
            answer_index=2,
        )
    )
    answer = {"question": "ما أفضل جرعة؟", "options/0": "5 ملغ", "options/1": "10 ملغ", "options/2": "20 ملغ"}
    translator, backend = caller(lambda _: lock(dict(reversed(answer.items()))))
    ((attempt,),) = translate_batch([choice], room(translator))
    assert attempt.target.options == ("5 ملغ", "10 ملغ", "20 ملغ")
    assert attempt.target.answer_index == 2
    sent = backend.asked[0].messages[-1].content
    assert "answer_index" not in sent
    assert "C." not in sent


def test_completion_style_asks_for_each_field_alone(caller):
    def complete(request):
        prompt = request.messages[0].content
        return " كم الجرعة؟" if prompt.endswith("How much?\nArabic:") else " تناول 5 ملغ يوميًا."

    translator, backend = caller(complete)
    ((attempt,),) = translate_batch([SOURCE], room(translator, style="completion"))
    assert len(backend.asked) == 2
    assert (attempt.target.question, attempt.target.answer) == (GOOD["question"], GOOD["answer"])


def test_an_empty_field_in_completion_style_makes_the_attempt_unusable(caller):
    translator, _ = caller(lambda _: " ")
    ((attempt,),) = translate_batch([SOURCE], room(translator, style="completion", max_rounds=0))
    assert attempt.target is None
    assert {f.rule for f in attempt.findings} == {"call.empty"}


def test_the_same_batch_again_asks_nothing(caller):
    translator, backend = caller(by_round(lock(BAD), lock(GOOD)))
    first = translate_batch([SOURCE], room(translator))
    assert translate_batch([SOURCE], room(translator)) == first
    assert len(backend.asked) == 2
