from dataclasses import replace

from qantara.curate.contamination import in_benchmark, index_benchmark
from qantara.records import Answer, Choice, Dialogue, Origin, Passage, Turn

ORIGIN = Origin(source="t", native_id="1")
ITEM = Choice(
    id="1",
    language="en",
    origin=ORIGIN,
    question="Which valve lies between the left atrium and the left ventricle?",
    options=("Mitral", "Aortic"),
    answer_index=0,
)
ITEM_AR = replace(
    ITEM, language="ar", question="أي صمام يقع بين الأذين الأيسر والبطين الأيسر؟", options=("التاجي", "الأبهري")
)
INDEX = index_benchmark([ITEM, ITEM_AR])


def test_the_same_question_is_found_in_any_language_and_kind() -> None:
    assert in_benchmark(replace(ITEM, question=ITEM.question.upper(), options=("x", "y")), INDEX)
    assert in_benchmark(Answer(id="2", language="ar", origin=ORIGIN, question=ITEM_AR.question, answer="ج"), INDEX)
    assert in_benchmark(Passage(id="4", language="en", origin=ORIGIN, text=ITEM.question), INDEX)
    turns = (Turn(role="user", text=ITEM.question), Turn(role="assistant", text="Mitral"))
    assert in_benchmark(Dialogue(id="3", language="en", origin=ORIGIN, turns=turns), INDEX)


def test_the_same_options_with_nearly_the_same_question_are_found() -> None:
    near = "Which valve lies between the left atrium and left ventricle?"
    assert in_benchmark(replace(ITEM, question=near, options=ITEM.options[::-1]), INDEX)


def test_the_same_options_with_another_question_are_fine() -> None:
    assert not in_benchmark(replace(ITEM, question="Which valve is hurt in rheumatic fever?"), INDEX)
    assert not in_benchmark(ITEM, index_benchmark([]))
