from dataclasses import replace

import pytest
from jinja2 import TemplateError

from qantara.chat import benchmark_prompt, messages, open_reply, question_text, render
from qantara.errors import DataError
from qantara.records import Answer, Choice, Dialogue, Origin, Passage, Turn, with_id

ORIGIN = Origin(source="test", native_id="1")
CHOICE = with_id(
    Choice(
        id="",
        language="en",
        origin=ORIGIN,
        question="Best drug?",
        options=("aspirin", "heparin"),
        answer_index=1,
        explanation="Why.",
    )
)
ARABIC = with_id(
    Choice(id="", language="ar", origin=ORIGIN, question="ما الدواء؟", options=("أسبرين", "هيبارين"), answer_index=0)
)
ANSWER = with_id(Answer(id="", language="en", origin=ORIGIN, question="Dose?", answer="5 mg.", context="Adult."))
DIALOGUE = with_id(
    Dialogue(
        id="",
        language="en",
        origin=ORIGIN,
        turns=(
            Turn(role="user", text="u1"),
            Turn(role="assistant", text="a1"),
            Turn(role="user", text="u2"),
            Turn(role="assistant", text="a2"),
        ),
    )
)


class Characters:
    """A tokenizer of single characters with a ChatML-like template: enough to see exactly what is learnt."""

    bos_token = "^"
    eos_token = "$"

    def __init__(self, template):
        self.chat_template = template

    def apply_chat_template(self, conversation, tokenize=False, add_generation_prompt=False):
        text = "".join(f"<{m['role']}>{m['content']}</>\n" for m in conversation)
        return text + ("<assistant>" if add_generation_prompt else "")

    def __call__(self, text, add_special_tokens, return_offsets_mapping=False):
        return {"input_ids": [ord(c) for c in text], "offset_mapping": [(i, i + 1) for i in range(len(text))]}


def learnt(example, tokenizer):
    rendered = render(example, tokenizer)
    return "".join(chr(i) for i, on in zip(rendered.input_ids, rendered.loss_mask, strict=True) if on)


def test_a_choice_is_asked_with_the_letters_and_labels_of_its_language():
    assert question_text(CHOICE) == "Question: Best drug?\nOptions:\nA. aspirin\nB. heparin"
    assert question_text(ARABIC) == "السؤال: ما الدواء؟\nالخيارات:\nأ. أسبرين\nب. هيبارين"


def test_a_reply_is_letter_text_and_explanation():
    assert messages(CHOICE)[-1].text == "B. heparin\nExplanation: Why."
    assert messages(ARABIC)[-1].text == "أ. أسبرين"
    assert messages(ANSWER)[1].text == "Context: Adult.\n\nDose?"


@pytest.mark.parametrize("template", ["chatml", None])
def test_only_assistant_turns_and_their_end_marks_are_learnt(template):
    tokenizer = Characters(template)
    end = "</>" if template else "$"
    assert learnt(ANSWER, tokenizer) == f"5 mg.{end}"
    assert learnt(DIALOGUE, tokenizer) == f"a1{end}a2{end}"
    assert learnt(CHOICE, tokenizer) == f"B. heparin\nExplanation: Why.{end}"


@pytest.mark.parametrize("template", ["chatml", None])
def test_a_passage_is_plain_text_and_all_of_it_is_learnt(template):
    passage = with_id(Passage(id="", language="en", origin=ORIGIN, text="The valve is open."))
    assert "The valve is open." in learnt(passage, Characters(template))
    assert all(render(passage, Characters(template)).loss_mask)


def test_plain_text_has_exactly_one_beginning_mark():
    text = "".join(chr(i) for i in render(DIALOGUE, Characters(None)).input_ids)
    assert text.count("^") == 1
    assert text.startswith("^")


@pytest.mark.parametrize("template", ["chatml", None])
@pytest.mark.parametrize("choice", [CHOICE, ARABIC], ids=["en", "ar"])
def test_a_benchmark_prompt_is_the_beginning_of_what_is_trained(choice, template):
    tokenizer = Characters(template)
    prompt = benchmark_prompt(choice, tokenizer)
    trained = "".join(chr(i) for i in render(choice, tokenizer).input_ids)
    assert trained.startswith(prompt.text + prompt.letters[choice.answer_index])
    assert prompt.options == choice.options
    assert "Why." not in prompt.text


def test_more_options_than_letters_is_an_error_that_names_the_item():
    many = with_id(
        Choice(id="", language="en", origin=ORIGIN, question="Q", options=tuple("abcdefghij"), answer_index=0)
    )
    with pytest.raises(DataError, match=many.id):
        question_text(many)


@pytest.mark.parametrize(
    ("prompt_language", "labels", "expected"),
    [
        ("en", (), "Question: ما الدواء؟\nOptions:\nA. أسبرين\nB. هيبارين"),
        ("", ("A", "B", "C"), "السؤال: ما الدواء؟\nالخيارات:\nA. أسبرين\nB. هيبارين"),
        ("ar", ("1", "2"), "السؤال: ما الدواء؟\nالخيارات:\n1. أسبرين\n2. هيبارين"),
    ],
)
def test_a_question_can_be_asked_in_another_language_s_words_and_with_other_labels(prompt_language, labels, expected):
    assert question_text(ARABIC, prompt_language, labels) == expected


def test_options_can_be_left_out_and_the_context_is_named_in_the_words_of_the_prompt():
    with_context = replace(CHOICE, context="Adult.")
    assert question_text(with_context, show_options=False) == "Context: Adult.\n\nQuestion: Best drug?"
    assert question_text(with_context, "ar", show_options=False) == "السياق: Adult.\n\nالسؤال: Best drug?"


def test_fewer_labels_than_options_are_an_error_also_when_the_options_are_hidden():
    with pytest.raises(DataError, match="2 options; 1 are the most"):
        question_text(CHOICE, "", ("A",), show_options=False)


class Strict(Characters):
    """A template that takes no system turn, and says whether it was told not to think."""

    def apply_chat_template(self, conversation, tokenize=False, add_generation_prompt=False, enable_thinking=True):
        if conversation[0]["role"] == self.chat_template:
            raise TemplateError("no such turn")
        text = super().apply_chat_template(conversation, tokenize, add_generation_prompt)
        return text + ("<think>" if enable_thinking else "")


TURNS = (Turn(role="system", text="S"), Turn(role="user", text="U"), Turn(role="assistant", text="A"))


def test_a_reply_is_opened_after_all_turns_and_without_thinking():
    assert open_reply(TURNS, Strict("nothing")) == "<system>S</>\n<user>U</>\n<assistant>A</>\n<assistant>"


def test_a_template_without_system_turns_gets_that_text_with_the_first_user_s():
    assert open_reply(TURNS, Strict("system")) == "<user>S\n\nU</>\n<assistant>A</>\n<assistant>"


@pytest.mark.parametrize("turns", [TURNS[1:], TURNS[1:2], TURNS[:1]])
def test_what_a_template_refuses_without_a_system_turn_to_move_is_an_error(turns):
    with pytest.raises(TemplateError):
        open_reply(turns, Strict(turns[0].role))
