import pytest
from jinja2 import TemplateError
from tokenizers import processors
from transformers import AutoTokenizer

from qantara.chat import open_reply
from qantara.errors import DataError, ModelError
from qantara.evaluate.prompting.prompts import (
    PromptSpec,
    answer_prompt,
    bare_prompt,
    begin_mark,
    check_begin_mark,
    reply_turns,
    rotated,
    shots_for,
)

ENGLISH = """\
Answer the following multiple-choice question about medicine.

Question: How much of drug 1?
Options:
A. 1 mg
B. 2 mg
C. 3 mg
D. 4 mg
Answer:"""
ENGLISH_SHOTS = """\
Answer the following multiple-choice question about medicine.

Question: How much of drug 6?
Options:
A. 6 mg
B. 7 mg
C. 8 mg
D. 9 mg
Answer: C

Question: How much of drug 7?
Options:
A. 7 mg
B. 8 mg
C. 9 mg
D. 10 mg
Answer: D

Question: How much of drug 1?
Options:
A. 1 mg
B. 2 mg
C. 3 mg
D. 4 mg
Answer:"""
ARABIC_SHOTS = """\
أجب عن السؤال الطبي الآتي باختيار الإجابة الصحيحة من بين الخيارات.

السؤال: كم من الدواء 6؟
الخيارات:
أ. 6 ملغ
ب. 7 ملغ
ج. 8 ملغ
د. 9 ملغ
الإجابة: ج

السؤال: كم من الدواء 7؟
الخيارات:
أ. 7 ملغ
ب. 8 ملغ
ج. 9 ملغ
د. 10 ملغ
الإجابة: د

السؤال: كم من الدواء 1؟
الخيارات:
أ. 1 ملغ
ب. 2 ملغ
ج. 3 ملغ
د. 4 ملغ
الإجابة:"""
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system turn') }}{% endif %}"
    "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def spec(code="en", **changes):
    return PromptSpec(prompt_language=code, **changes)


@pytest.fixture
def tokenizer(tiny_model):
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture
def adds_begin_mark(tiny_model):
    """Return a tokenizer that puts its begin mark before every text."""
    made = AutoTokenizer.from_pretrained(tiny_model)
    made.bos_token = "<|system|>"
    mark = (made.bos_token, made.bos_token_id)
    made.backend_tokenizer.post_processor = processors.TemplateProcessing(single=f"{mark[0]} $A", special_tokens=[mark])
    assert made("x")["input_ids"][0] == made.bos_token_id
    return made


@pytest.mark.parametrize(
    ("code", "num_shots", "expected"), [("en", 0, ENGLISH), ("en", 2, ENGLISH_SHOTS), ("ar", 2, ARABIC_SHOTS)]
)
def test_a_plain_prompt_is_instruction_examples_and_the_question(make_item, code, num_shots, expected):
    shots = [make_item(number, code) for number in (6, 7)][:num_shots]
    prompt = answer_prompt(make_item(1, code), shots, spec(code, shots=num_shots), "letter", None)
    assert prompt.text == expected
    labels = {"en": ("A", "B", "C", "D"), "ar": ("أ", "ب", "ج", "د")}[code]
    assert prompt.answers == tuple(f" {label}" for label in labels)


@pytest.mark.parametrize(
    ("code", "changes", "labels", "cue"),
    [
        ("ar", {"label_set": "latin"}, "ABCD", "الإجابة:"),
        ("ar", {"label_set": "digits"}, "1234", "الإجابة:"),
        ("en", {"label_set": "latin"}, "ABCD", "Answer:"),
    ],
)
def test_an_arabic_question_has_the_labels_and_the_words_of_its_arm(make_item, code, changes, labels, cue):
    prompt = answer_prompt(make_item(1, "ar"), (), spec(code, **changes), "letter", None)
    assert [line[:2] for line in prompt.text.splitlines()[-5:-1]] == [f"{label}." for label in labels]
    assert prompt.text.splitlines()[-1] == cue
    assert prompt.answers == tuple(f" {label}" for label in labels)
    assert "كم من الدواء 1؟" in prompt.text


def test_option_texts_are_answers_and_stand_in_the_examples(make_item):
    prompt = answer_prompt(make_item(1), [make_item(6)], spec(shots=1), "text", None)
    assert prompt.answers == (" 1 mg", " 2 mg", " 3 mg", " 4 mg")
    assert "Answer: 8 mg\n\n" in prompt.text


def test_the_delimiter_stands_between_cue_and_answer(make_item):
    prompt = answer_prompt(make_item(1), [make_item(6)], spec(delimiter="\n", shots=1), "letter", None)
    assert prompt.answers == ("\nA", "\nB", "\nC", "\nD")
    assert "Answer:\nC\n\nQuestion" in prompt.text
    assert prompt.text.endswith("Answer:")


def test_hidden_options_are_scored_and_not_listed(make_item):
    prompt = answer_prompt(make_item(1), [make_item(6)], spec(options_shown=False, shots=1), "text", None)
    assert prompt.text.endswith("Answer: 8 mg\n\nQuestion: How much of drug 1?\nAnswer:")
    assert "Options" not in prompt.text
    assert prompt.answers[3] == " 4 mg"


@pytest.mark.parametrize("shots", [0, 2])
def test_a_chat_prompt_is_the_template_with_examples_as_turns(make_item, tokenizer, shots):
    examples = [make_item(number) for number in (6, 7)][:shots]
    prompt = answer_prompt(make_item(1), examples, spec(chat=True, shots=shots), "letter", tokenizer)
    asked = "Question: How much of drug {0}?\nOptions:\nA. {0} mg\nB. {1} mg\nC. {2} mg\nD. {3} mg"
    turns = "<|system|>You are a careful medical assistant. Answer in English.<|end|>"
    for number, answer in ((6, "C"), (7, "D"))[:shots]:
        turns += f"<|user|>{asked.format(*range(number, number + 4))}<|end|><|assistant|>{answer}<|end|>"
    assert prompt.text == f"{turns}<|user|>{asked.format(1, 2, 3, 4)}<|end|><|assistant|>"
    assert prompt.answers == ("A", "B", "C", "D")


def test_without_a_tokenizer_a_chat_prompt_is_plain_text(make_item):
    assert answer_prompt(make_item(1), (), spec(chat=True), "letter", None).text == ENGLISH


def test_a_template_that_takes_no_system_turn_gets_its_text_before_the_first_question(make_item, tokenizer):
    tokenizer.chat_template = NO_SYSTEM
    tokenizer.bos_token = "<|system|>"
    prompt = answer_prompt(make_item(1), [make_item(6)], spec(chat=True, shots=1), "letter", tokenizer)
    assert prompt.text.startswith(
        "<|system|>[user]You are a careful medical assistant. Answer in English.\n\nQuestion: How much of drug 6?"
    )
    assert prompt.text.endswith("[assistant]")
    assert prompt.text.count("careful") == 1


def test_a_template_that_refuses_more_than_the_system_turn_is_not_talked_around(make_item, tokenizer):
    tokenizer.chat_template = "{{ raise_exception('never') }}"
    with pytest.raises(TemplateError, match="never"):
        answer_prompt(make_item(1), (), spec(chat=True), "letter", tokenizer)


def test_thinking_is_switched_off_where_a_template_knows_it(make_item, tokenizer):
    tokenizer.chat_template = "{{ 'thinks' if enable_thinking is not defined or enable_thinking else 'answers' }}"
    assert answer_prompt(make_item(1), (), spec(chat=True), "letter", tokenizer).text == "answers"


def test_a_prompt_begins_with_one_begin_mark_where_the_tokenizer_adds_one(make_item, adds_begin_mark):
    prompts = [
        answer_prompt(make_item(1), (), spec(), "letter", adds_begin_mark),
        bare_prompt(make_item(1), spec(), adds_begin_mark),
    ]
    for prompt in prompts:
        ids = adds_begin_mark(prompt.text, add_special_tokens=False)["input_ids"]
        assert ids.count(adds_begin_mark.bos_token_id) == 1
        assert ids[0] == adds_begin_mark.bos_token_id
        assert ids == adds_begin_mark(prompt.text.removeprefix("<|system|>"))["input_ids"]
        check_begin_mark(prompt.text, adds_begin_mark)


def test_a_prompt_has_no_begin_mark_where_the_tokenizer_adds_none(make_item, tokenizer):
    assert begin_mark(tokenizer) == ""
    tokenizer.bos_token = "<|system|>"  # has one, puts it nowhere
    assert begin_mark(tokenizer) == ""
    prompt = answer_prompt(make_item(1), (), spec(), "letter", tokenizer)
    assert prompt.text == ENGLISH
    check_begin_mark(prompt.text, tokenizer)


@pytest.mark.parametrize(("marks", "said"), [(2, "2 begin marks"), (0, "no begin marks")])
def test_two_begin_marks_and_none_where_one_is_needed_are_refused(adds_begin_mark, marks, said):
    check_begin_mark("<|system|>hello", adds_begin_mark)
    with pytest.raises(ModelError, match=said):
        check_begin_mark("<|system|>" * marks + "hello", adds_begin_mark)


def test_a_template_that_adds_a_second_begin_mark_is_refused(make_item, adds_begin_mark):
    adds_begin_mark.chat_template = "{{ bos_token }}" + NO_SYSTEM
    prompt = answer_prompt(make_item(1), (), spec(chat=True), "letter", adds_begin_mark)
    with pytest.raises(ModelError, match="2 begin marks"):
        check_begin_mark(prompt.text, adds_begin_mark)


def test_the_bare_prompt_holds_the_cue_and_nothing_of_the_question(make_item):
    assert bare_prompt(make_item(1), spec(), None) == ("Answer:", (" 1 mg", " 2 mg", " 3 mg", " 4 mg"))
    assert bare_prompt(make_item(1, "ar"), spec("ar"), None).text == "الإجابة:"


@pytest.mark.parametrize(
    ("by", "options", "answer_index"),
    [(0, (1, 2, 3, 4), 1), (1, (2, 3, 4, 1), 0), (2, (3, 4, 1, 2), 3), (3, (4, 1, 2, 3), 2)],
)
def test_rotating_moves_the_options_and_the_right_answer_along(make_item, by, options, answer_index):
    turned = rotated(make_item(1), by)
    assert turned.options == tuple(f"{number} mg" for number in options)
    assert turned.answer_index == answer_index
    assert turned.options[turned.answer_index] == "2 mg"


@pytest.mark.parametrize(("label_set", "most"), [("native", 8), ("latin", 8), ("digits", 9)])
def test_more_options_than_labels_are_refused(label_set, most):
    one = spec("ar", label_set=label_set)
    assert len(set(one.labels(most))) == most
    with pytest.raises(DataError, match=f"has {most + 1} options; {most} are the most"):
        one.labels(most + 1)


def test_a_conversation_for_a_reply_shows_labels_and_asks_for_one_at_the_end(make_item, tokenizer):
    turns = reply_turns(make_item(1, "ar"), [make_item(6, "ar")], spec("ar", shots=1))
    assert [turn.role for turn in turns] == ["system", "user", "assistant", "user"]
    assert turns[2].text == "الإجابة: ج"
    assert turns[3].text.splitlines()[0] == "السؤال: كم من الدواء 1؟"
    assert turns[3].text.splitlines()[-1].startswith("فكّر")
    assert "فكّر" not in turns[1].text
    assert open_reply(turns, tokenizer).endswith("<|assistant|>")


def test_examples_are_of_the_item_s_language_and_subject_and_never_its_own_pair(make_item):
    shots = [
        make_item(1),  # the item's own pair
        make_item(2, subject="other"),
        make_item(3, "ar"),
        make_item(4),
        make_item(5),
        make_item(6),
    ]
    assert [shot.origin.family for shot in shots_for(make_item(1), shots, spec(shots=2))] == ["f4", "f5"]
    assert shots_for(make_item(1), shots, spec()) == ()


def test_a_subject_with_too_few_examples_takes_those_of_the_language(make_item):
    shots = [make_item(2, subject="other"), make_item(4), make_item(5, subject="third")]
    assert [shot.origin.family for shot in shots_for(make_item(1), shots, spec(shots=2))] == ["f2", "f4"]


def test_too_few_examples_are_an_error_that_counts_them(make_item):
    with pytest.raises(DataError, match="3 worked examples are asked for, the task has 1 in 'en'"):
        shots_for(make_item(1), [make_item(1), make_item(2), make_item(3, "ar")], spec(shots=3))
