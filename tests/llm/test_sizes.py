"""Estimates that learn, and a bound that no tokenizer passes."""

import pytest
from transformers import AutoTokenizer

from qantara.llm.interface import Message, Request, Response
from qantara.llm.sizes import Sizes, upper_bound


def request(*texts, max_tokens=100, schema=""):
    return Request(model="m", messages=tuple(Message("user", t) for t in texts), max_tokens=max_tokens, schema=schema)


def response(prompt_tokens, completion_tokens):
    return Response(
        text="t",
        finish_reason="stop",
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        model="m",
        seconds=0.1,
    )


def test_the_estimate_comes_near_what_the_server_tells():
    sizes = Sizes()
    for _ in range(200):
        sizes.learn(1000, response(200, 50))
    assert sizes.estimate(request(), 2000) == pytest.approx(400 + 100, rel=0.01)
    assert sizes.estimate(request(max_tokens=20), 2000) == pytest.approx(400 + 20, rel=0.01)


@pytest.mark.parametrize("told", [response(None, None), response(5, None), response(0, 3)])
def test_answers_without_counts_teach_nothing(told):
    sizes = Sizes()
    before = sizes.estimate(request(), 100)
    sizes.learn(100, told)
    sizes.learn(0, response(10, 10))
    assert sizes.estimate(request(), 100) == before


def test_the_bound_counts_bytes_of_every_message_the_template_and_the_schema():
    arabic = "ما الجرعة؟"
    assert upper_bound(request("abc", arabic)) == (3 + len(arabic.encode()) + 3 * 16, 100)
    assert upper_bound(request("abc", schema="{}"))[0] == 3 + 2 * 16 + 2
    raw = Request(model="m", messages=(), prompt=arabic, echo=True, top_logprobs=1, max_tokens=1)
    assert upper_bound(raw) == (len(arabic.encode()) + 16, 1)


def test_a_real_tokenizer_stays_within_the_bound(tiny_model):
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)  # one token a byte: the worst there is
    messages = [{"role": "user", "content": text} for text in ("dose?", "ما الجرعة؟ 💊")]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
    assert len(ids) <= upper_bound(request("dose?", "ما الجرعة؟ 💊"))[0]
