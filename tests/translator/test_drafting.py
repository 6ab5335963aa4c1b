"""Drafts: what comes back whole becomes a record, what is cut off or out of form never does, what is too long is split."""

import pytest

from qantara.records import Answer, Choice, Dialogue, Origin, Turn, text_fields, with_id
from qantara.translator.lock import lock, unlock
from qantara.translator.memory import Entry, build_memory

ORIGIN = Origin(source="t", native_id="1")
SOURCE = with_id(Answer(id="", language="en", origin=ORIGIN, question="How much?", answer="Take 5 mg daily."))
GOOD = {"question": "كم الجرعة؟", "answer": "تناول 5 ملغ يوميًا."}


def sent_fields(request):
    """Return the names of the fields that a request asks for."""
    asked = request.messages[-1].content.partition("\n\n")[0]
    return [name for name in ("question", "answer", *(f"turns/{i}" for i in range(9))) if f'<f id="{name}">' in asked]


@pytest.mark.parametrize(
    ("said", "rule", "calls"),
    [
        ((lock(GOOD), "length"), "call.truncated", 3 + 2 * 3),  # the record, then each of its two fields
        (("I can't help with that.", "refused"), "call.refused", 1),
        (("", "empty"), "call.empty", 3),
        (("", "bad_request"), "call.bad_request", 1),
        (("x", "other"), "call.failed", 1),
        ('<f id="question">كم؟</f>', "form.missing_field", 3),
        (lock(GOOD) + '<f id="answer">again</f>', "form.repeated_field", 3),
    ],
)
def test_an_answer_that_is_not_whole_is_never_used(make_room, translated, said, rule, calls):
    room, translator, *_ = make_room(lambda _: said, max_rounds=0)
    ((attempt,),) = translated([SOURCE], room)
    assert attempt.target is None
    assert rule in {f.rule for f in attempt.findings}
    assert attempt.score < 100
    assert len(translator.asked) == calls


def test_what_could_not_be_read_is_asked_again_and_costs_no_round(make_room, translated):
    faulty = [("", "empty"), (lock(GOOD)[:30], "length"), "no tags at all"]
    room, translator, *_ = make_room(lambda r: faulty[r.sample] if r.sample < 3 else lock(GOOD), resamples=3)
    ((attempt,),) = translated([SOURCE], room)
    assert (attempt.round, attempt.findings) == (0, ())
    assert [r.sample for r in translator.asked] == [0, 1, 2, 3]
    assert [r.max_tokens for r in translator.asked] == [2048, 2048, 4096, 4096]


def test_a_record_too_long_for_the_model_is_split_at_turns_and_put_together_again(make_room, translated):
    turns = tuple(Turn(role="user" if i % 2 == 0 else "assistant", text=f"Take {i} mg. " * 3) for i in range(6))
    source = with_id(Dialogue(id="", language="en", origin=ORIGIN, turns=turns))

    def answer(request):
        names = sent_fields(request)
        if len(names) > 2:
            return "", "context_overflow"
        fields = unlock(request.messages[-1].content, text_fields(source)).fields
        return lock({name: fields[name].replace("Take", "تناول").replace("mg", "ملغ") for name in names})

    room, translator, *_ = make_room(answer)
    ((attempt,),) = translated([source], room)
    assert attempt.findings == ()
    assert [turn.text.split()[1] for turn in attempt.target.turns] == list("012345")
    assert [turn.role for turn in attempt.target.turns] == [turn.role for turn in turns]
    assert sorted(len(sent_fields(r)) for r in translator.asked) == [1, 1, 2, 2, 3, 3, 6]


def test_a_single_text_that_is_too_long_is_set_aside_without_further_rounds(make_room, translated):
    answer = lambda r: lock(GOOD) if sent_fields(r) == ["question"] else ("", "context_overflow")  # noqa: E731
    room, translator, *_ = make_room(answer, max_rounds=2)
    ((attempt,),) = translated([SOURCE], room)
    assert [(f.rule, f.field) for f in attempt.findings if f.rule.startswith("call")] == [
        ("call.context_overflow", "answer")
    ]
    assert len(translator.asked) == 3 + 2  # the question's answer has a field too many: asked again


def test_completion_style_asks_for_each_field_alone(make_room, translated):
    def complete(request):
        prompt = request.messages[0].content
        return " كم الجرعة؟" if prompt.endswith("How much?\nArabic:") else " تناول 5 ملغ يوميًا."

    room, translator, *_ = make_room(complete, style="completion")
    ((attempt,),) = translated([SOURCE], room)
    assert len(translator.asked) == 2
    assert (attempt.target.question, attempt.target.answer) == (GOOD["question"], GOOD["answer"])


def test_an_empty_field_in_completion_style_makes_the_attempt_unusable(make_room, translated):
    room, *_ = make_room(lambda _: " ", style="completion", max_rounds=0)
    ((attempt,),) = translated([SOURCE], room)
    assert attempt.target is None
    assert {f.rule for f in attempt.findings} == {"call.empty"}


def test_a_field_that_was_accepted_before_is_not_sent_again_until_it_is_found_faulty(make_room, translated):
    question = "How much of it does a person take each day?"
    source = with_id(Answer(id="", language="en", origin=ORIGIN, question=question, answer="Take 5 mg daily."))
    for target, rounds, asked in (
        ("كم يتناول منه الشخص كل يوم؟", 1, [["answer"]]),
        ("كم يتناول منه الشخص كل 7 أيام؟", 2, [["answer"], ["question", "answer"]]),
    ):
        entry = Entry(id="1", role="question", source=question, target=target, decided_by="person")
        memory = build_memory([entry], ("en", "ar"))
        right = {"question": "كم يتناول منه الشخص كل يوم؟", "answer": GOOD["answer"]}
        answer = lambda r, right=right: lock({name: right[name] for name in sent_fields(r)})  # noqa: E731
        room, translator, *_ = make_room(answer, memory=memory, max_output_tokens=1000 + rounds)
        (attempts,) = translated([source], room)
        assert len(attempts) == rounds
        assert [sent_fields(r) for r in translator.asked] == asked
        assert attempts[-1].target.question == right["question"]


def test_a_record_that_is_known_as_a_whole_asks_nothing(make_room, translated):
    choice = Choice(
        id="",
        language="en",
        origin=ORIGIN,
        question="Is this the right dose of it?",
        options=("5 mg", "6 mg"),
        answer_index=0,
    )
    assert text_fields(choice)
    question = "What is the usual dose of this drug in adults?"
    source = with_id(
        Answer(id="", language="en", origin=ORIGIN, question=question, answer="It is 5 mg once a day by mouth.")
    )
    targets = {
        "question": "ما الجرعة المعتادة من هذا الدواء للبالغين؟",
        "answer": "الجرعة 5 ملغ مرة واحدة يوميًا بالفم.",
    }
    entries = [
        Entry(id=name, role=name, source=text, target=targets[name], decided_by="machine")
        for name, text in text_fields(source).items()
    ]
    room, translator, *_ = make_room(lambda _: "", memory=build_memory(entries, ("en", "ar")))
    ((attempt,),) = translated([source], room)
    assert translator.asked == []
    assert text_fields(attempt.target) == targets
