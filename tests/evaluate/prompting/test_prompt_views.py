import pytest
from transformers import AutoTokenizer

from qantara.evaluate.prompting.prompt_views import BOUNDARY, marked, prompt_view, token_places
from qantara.models.questions import Question

EXAMPLE, ITEM = "Question: one?\nAnswer: A\n\n", "Question: two?"
QUESTION = Question(f"{EXAMPLE}{ITEM}\nAnswer:", ((" A", " B"),))


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return AutoTokenizer.from_pretrained(tiny_model)


def test_the_item_s_own_part_begins_at_its_question_and_what_came_before_is_named(tokenizer):
    own, before = prompt_view(QUESTION, ITEM, (" A", " B"), tokenizer)
    assert (before.text, own.text) == (EXAMPLE, f"{ITEM}\nAnswer:")
    assert own.answers == (" A", " B")
    assert own.prefix_id
    assert own.prefix_id == prompt_view(QUESTION, ITEM, (), tokenizer)[0].prefix_id
    other, _ = prompt_view(Question("Another " + QUESTION.prompt, ()), ITEM, (), tokenizer)
    assert other.prefix_id != own.prefix_id
    # every byte is a token
    assert before.token_starts == tuple(range(len(EXAMPLE)))
    assert own.token_starts == tuple(range(len(own.text)))


def test_an_item_that_an_example_quotes_is_found_where_it_is_asked(tokenizer):
    own, before = prompt_view(Question(f"{ITEM}\n\n{ITEM}\nAnswer:", ()), ITEM, (), tokenizer)
    assert (before.text, own.text) == (f"{ITEM}\n\n", f"{ITEM}\nAnswer:")


def test_where_a_template_changed_the_item_all_is_its_own(tokenizer):
    own, before = prompt_view(QUESTION, "Question:  two?", (), tokenizer)
    assert (own.text, before.text, own.prefix_id) == (QUESTION.prompt, "", "")


def test_special_tokens_are_told_with_their_places_in_each_part(tokenizer):
    question = Question(f"<|system|>be brief<|end|><|user|>{ITEM}<|end|><|assistant|>", ())
    own, before = prompt_view(question, ITEM, (), tokenizer)
    assert [before.text[low:high] for low, high in before.special] == ["<|system|>", "<|end|>", "<|user|>"]
    assert [own.text[low:high] for low, high in own.special] == ["<|end|>", "<|assistant|>"]
    assert own.token_starts[0] == 0
    assert 1 + len(ITEM) in {place + 1 for place in own.token_starts}


def test_letters_that_are_cut_into_several_tokens_have_a_place_for_each(tokenizer):
    places, special = token_places("aج", tokenizer)
    assert (places, special) == ((0, 1, 1), ())


@pytest.mark.parametrize(
    ("text", "start", "shown"),
    [
        ("ab", 0, "|a|b"),
        ("abc", 2, "|c"),
        ("aجb", 0, "|a||ج|b"),
        ("<|user|>a", 0, "|<|user|>|a"),
        ("", 0, ""),
    ],
)
def test_a_bar_stands_before_each_token(tokenizer, text, start, shown):
    expected = shown.replace("<|user|>", "USER").replace("|", BOUNDARY).replace("USER", "<|user|>")
    assert marked(text, tokenizer, start) == expected


def test_without_a_tokenizer_there_are_texts_and_no_bars():
    assert marked("abc", None, 1) == "bc"
    own, before = prompt_view(QUESTION, ITEM, (" A",), None)
    assert (own.text, before.text) == (f"{ITEM}\nAnswer:", EXAMPLE)
    assert (own.token_starts, own.special, before.token_starts) == ((), (), ())
