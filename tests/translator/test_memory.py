import pytest

from qantara.records import Answer, Choice, Dialogue, Origin, Turn, child
from qantara.translator.memory import Entry, build_memory, canonical, contexts, memory_entries, role_of

DIRECTION = ("en", "ar")
ORIGIN = Origin(source="test", native_id="1")
QUESTION = "What are the symptoms of asthma?"
ANSWER = "Take 5 mg of the drug every evening."
ASTHMA = Answer(id="a1", language="en", origin=ORIGIN, question=QUESTION, answer=ANSWER)
LOCATION = Choice(
    id="c1",
    language="en",
    origin=ORIGIN,
    question="On which side of the body does the liver lie?",
    options=("Right", "Left"),
    answer_index=0,
    explanation="The liver lies under the ribs on the right side.",
)
TALK = Dialogue(
    id="d1",
    language="en",
    origin=ORIGIN,
    turns=(
        Turn(role="user", text="Is it safe for me to exercise while I have this fever?"),
        Turn(role="assistant", text="No."),
        Turn(role="user", text="And later?"),
        Turn(role="assistant", text="No."),
    ),
)


def entry(source=QUESTION, target="ما أعراض الربو؟", role="question", decided_by="machine", context=""):
    return Entry(id="x", role=role, source=source, target=target, decided_by=decided_by, context=context)


def found(entries, fields, direction=DIRECTION):
    return build_memory(entries, DIRECTION).find(fields, direction)


def test_a_field_that_was_accepted_before_is_found():
    assert found([entry()], {"question": QUESTION, "answer": ANSWER}) == {"question": "ما أعراض الربو؟"}


@pytest.mark.parametrize(
    "text",
    ["What  are the\tsymptoms of\u00a0asthma?", " What are the symptoms of asthma?\n"],
    ids=["inside", "around"],
)
def test_white_space_makes_no_difference(text):
    assert found([entry()], {"question": text})


def test_composed_and_decomposed_letters_are_the_same():
    composed, decomposed = (
        "What are Ménière's disease's symptoms?",
        "What are Me\u0301nie\u0300re's disease's symptoms?",
    )
    assert composed != decomposed
    assert found([entry(source=composed)], {"question": decomposed})


@pytest.mark.parametrize(
    "text",
    [
        "Take 50 mg of the drug every evening.",
        "take 5 mg of the drug every evening.",
        "Take ٥ mg of the drug every evening.",
    ],
    ids=["dose", "case", "digits"],
)
def test_whatever_else_differs_is_another_text(text):
    assert found([entry(source=ANSWER, role="answer")], {"answer": ANSWER})
    assert not found([entry(source=ANSWER, role="answer")], {"answer": text})


def test_a_line_end_is_no_space():
    lines = "Take these three drugs:\n- one\n- two"
    assert canonical(lines) == lines
    assert not found([entry(source=lines, role="answer")], {"answer": lines.replace("\n", " ")})


def test_another_role_or_direction_finds_nothing():
    assert not found([entry()], {"answer": QUESTION})
    assert not found([entry()], {"question": QUESTION}, ("ar", "en"))
    assert not found([entry()], {"question": QUESTION}, ("en", "fr"))


def test_an_entry_without_a_role_serves_every_free_field():
    assert found([entry(role="")], {"question": QUESTION, "context": QUESTION}).keys() == {"question", "context"}


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ([("first", "machine"), ("second", "machine")], "first"),
        ([("first", "machine"), ("second", "machine"), ("second", "machine")], "second"),
        ([("first", "machine"), ("first", "machine"), ("second", "person")], "second"),
        ([("second", "person"), ("first", "machine"), ("first", "machine")], "second"),
        ([("first", "person"), ("second", "person"), ("second", "")], "second"),
        ([("1", "machine"), ("2", "machine"), ("2", "machine"), ("1", "machine"), ("1", "machine")], "1"),
    ],
)
def test_of_several_targets_a_persons_wins_then_the_most_frequent_then_the_first(given, chosen):
    memory = build_memory([entry(target=target, decided_by=by) for target, by in given], DIRECTION)
    assert memory.find({"question": QUESTION}, DIRECTION) == {"question": chosen}
    assert (len(memory), memory.num_entries, memory.num_ambiguous) == (1, len(given), 1)


def test_the_same_target_again_is_not_ambiguous():
    assert build_memory([entry(), entry(), entry(decided_by="person")], DIRECTION).num_ambiguous == 0


@pytest.mark.parametrize(
    "bound",
    [
        {"source": "Right", "role": "options"},
        {"source": "An increase in the blood pressure of the patient", "role": "options"},
        {"source": "Do you smoke more than ten cigarettes a day?", "role": "turns"},
        {"source": "Take it twice daily.", "role": "answer"},
        {"source": "Is it , - / 5 ?", "role": ""},
        {"source": " ", "role": "text"},
        {"target": " "},
    ],
)
def test_a_bound_text_that_says_not_to_what_is_unusable_and_counted(bound):
    memory = build_memory([entry(**bound)], DIRECTION)
    assert (len(memory), memory.num_unusable) == (0, 1)
    assert memory.find({"options/0": "Right", "answer": "Take it twice daily."}, DIRECTION) == {}


def accepted(record, **targets):
    return memory_entries(record, child(record, targets, "ar"), "machine")


def test_a_whole_record_that_was_accepted_is_found_with_its_options():
    arabic = {
        "question": "على أي جانب من الجسم يقع الكبد؟",
        "options/0": "الأيمن",
        "options/1": "الأيسر",
        "explanation": "يقع الكبد تحت الأضلاع في الجانب الأيمن.",
    }
    memory = build_memory(accepted(LOCATION, **arabic), DIRECTION)
    fields = {
        "question": LOCATION.question,
        "options/0": "Right",
        "options/1": "Left",
        "explanation": LOCATION.explanation,
    }
    assert memory.find(fields, DIRECTION) == arabic
    other = fields | {"options/1": "Wrong"}
    assert memory.find(other, DIRECTION) == {"explanation": arabic["explanation"]}


def test_a_turn_is_found_at_its_place_only():
    memory = build_memory(
        accepted(TALK, **{"turns/0": "هل الرياضة آمنة لي؟", "turns/1": "لا.", "turns/2": "ولاحقًا؟", "turns/3": "كلا."}),
        DIRECTION,
    )
    fields = {f"turns/{i}": turn.text for i, turn in enumerate(TALK.turns)}
    assert memory.find(fields, DIRECTION)["turns/1"] == "لا."
    assert memory.find(fields, DIRECTION)["turns/3"] == "كلا."
    assert memory.find(fields | {"turns/2": "And tomorrow?"}, DIRECTION) == {}


def test_entries_of_a_record_name_the_record_its_roles_and_who_decided():
    made = list(memory_entries(ASTHMA, child(ASTHMA, {"question": "س", "answer": "ج"}, "ar"), "person"))
    assert [(e.id, e.role, e.source, e.target, e.decided_by, e.context) for e in made] == [
        ("a1/question", "question", QUESTION, "س", "person", ""),
        ("a1/answer", "answer", ANSWER, "ج", "person", ""),
    ]


def test_a_question_is_bound_when_options_end_its_sentence():
    assert contexts({"question": QUESTION})["question"] == ""
    assert contexts({"question": QUESTION, "options/0": "cough"})["question"] != ""


def test_a_bound_texts_context_changes_with_every_text_of_the_record_but_not_with_white_space():
    one = contexts({"question": "Why?", "answer": ANSWER})
    assert one == contexts({"question": "Why? ", "answer": ANSWER.replace(" ", "  ")})
    assert one["question"] != contexts({"question": "Why?", "answer": ANSWER.replace("5", "6")})["question"]
    assert one["answer"] == ""


def test_an_empty_memory_finds_nothing():
    assert found([], {"question": QUESTION}) == {}


def test_a_role_is_a_fields_name_without_its_number():
    assert [role_of(name) for name in ("options/12", "question")] == ["options", "question"]
