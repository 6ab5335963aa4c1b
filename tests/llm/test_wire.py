"""The chat completions protocol: what is sent, and what a body says, however odd it is."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qantara.llm.interface import Message, Request, Response, TokenScore
from qantara.llm.wire import chat_body, completion_body, path_of, read_completion, refusal, request_body, turned_down

REQUEST = Request(model="m", messages=(Message("system", "s"), Message("user", "سؤال")), max_tokens=5)
RAW = Request(model="m", messages=(), prompt="2 + 2 =", max_tokens=1, top_logprobs=2)
ECHO = replace(RAW, echo=True)


def completion(**changes):
    choice = {"message": {"role": "assistant", "content": "جواب"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    return {"model": "m-1", "choices": [choice], "usage": usage} | changes


def choice(content="a", reason="stop", **more):
    return completion(choices=[{"message": {"content": content} | more, "finish_reason": reason}])


def test_a_body_holds_what_is_asked_and_leaves_out_what_is_not():
    assert chat_body(REQUEST) == {
        "model": "m",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "سؤال"}],
        "max_tokens": 5,
        "temperature": 0.0,
    }


def test_a_reasoning_model_gets_the_limit_by_its_own_name_and_no_temperature():
    body = chat_body(REQUEST, reasoning=True)
    assert body == {"model": "m", "messages": chat_body(REQUEST)["messages"], "max_completion_tokens": 5}


def test_stop_and_schema_are_sent_and_a_sample_is_not():
    schema = {"type": "object", "properties": {}}
    asked = Request(
        model="m", messages=(), max_tokens=5, stop=("\n", "#"), schema=json.dumps(schema), sample=2, temperature=0.7
    )
    body = chat_body(asked)
    assert (body["stop"], body["temperature"]) == (["\n", "#"], 0.7)
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }
    assert "sample" not in body


def test_a_whole_answer_has_text_counts_model_and_time():
    assert read_completion(completion(), REQUEST, 0.12345) == Response(
        text="جواب",
        finish_reason="stop",
        prompt_tokens=9,
        completion_tokens=2,
        cached_tokens=4,
        model="m-1",
        seconds=0.123,
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (choice("a", "length"), "length"),
        (choice("", "length"), "length"),
        (choice("", "content_filter"), "refused"),
        (choice("", "stop", refusal="I can't"), "refused"),
        (choice("a", "stop", refusal="I can't"), "refused"),
        (choice("", "stop"), "empty"),
        (choice(" \n", "stop"), "empty"),
        (choice(None, "stop"), "empty"),
        (choice(None, "tool_calls"), "other"),
        (choice("a", None), "other"),
        (completion(choices=[]), "empty"),
    ],
)
def test_only_a_whole_text_is_a_success(body, reason):
    assert read_completion(body, REQUEST, 1.0).finish_reason == reason


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "page",
        {},
        {"error": {"message": "no", "code": 502}},  # an error with status 200
        {"choices": None},
        {"choices": [None]},
        {"choices": [{"text": "a"}]},
        {"choices": [{"message": {"content": [{"type": "text", "text": "a"}]}}]},
        {"choices": [{"message": {"content": 5}}]},
    ],
)
def test_what_is_no_completion_is_none(body):
    assert read_completion(body, REQUEST, 1.0) is None


@pytest.mark.parametrize(
    "usage", [None, [], {}, {"prompt_tokens": "9"}, {"prompt_tokens": -1}, {"prompt_tokens": True}]
)
def test_a_count_that_is_not_told_is_none_and_never_zero(usage):
    answer = read_completion(completion(usage=usage), REQUEST, 1.0)
    assert (answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens) == (None, None, None)


def test_a_count_of_zero_is_told():
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 0}}
    answer = read_completion(completion(usage=usage), REQUEST, 1.0)
    assert (answer.prompt_tokens, answer.completion_tokens, answer.cached_tokens) == (0, 0, 0)


NAMES = ["choices", "message", "content", "usage", "finish_reason", "refusal", "prompt_tokens_details", "text"]
NAMES += ["logprobs", "tokens", "token_logprobs", "top_logprobs", "token", "logprob"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_body_ends_a_run(body):
    told = {"choices": [{"text": "a", "message": {"content": "a"}, "logprobs": body}]}
    for one in (body, {"choices": [body]}, {"choices": [{"message": body}]}, completion(usage=body), told):
        for request in (REQUEST, replace(REQUEST, top_logprobs=2), RAW, ECHO):
            answer = read_completion(one, request, 1.0)
            assert answer is None or (answer.finish_reason == "stop") <= bool(answer.text.strip())


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"error": {"code": "context_length_exceeded", "message": "m"}}, "context_overflow"),
        (400, {"error": {"message": "This model's maximum context length is 4096 tokens."}}, "context_overflow"),
        (400, {"message": "prompt is too long: 9 > 8"}, "context_overflow"),
        (400, {"error": {"message": "the request exceeds the available context size"}}, "context_overflow"),
        (413, None, "context_overflow"),
        (400, {"error": {"message": "unknown parameter"}}, "bad_request"),
        (422, [{"loc": ["body"]}], "bad_request"),
        (400, None, "bad_request"),
    ],
)
def test_why_a_request_was_turned_down(status, body, reason):
    assert refusal(status, body) == reason
    answer = turned_down(REQUEST, reason, status, 0.5)
    assert (answer.text, answer.finish_reason, answer.status, answer.prompt_tokens) == ("", reason, status, None)


def test_log_probabilities_are_asked_of_chat_and_of_raw_completions_each_in_its_form():
    assert request_body(replace(REQUEST, top_logprobs=5)) == chat_body(REQUEST) | {"logprobs": True, "top_logprobs": 5}
    raw = {"model": "m", "prompt": "2 + 2 =", "max_tokens": 1, "temperature": 0.0, "logprobs": 2}
    assert request_body(RAW) == completion_body(RAW) == raw
    assert request_body(replace(ECHO, stop=("#",))) == raw | {"echo": True, "stop": ["#"]}
    assert (path_of(REQUEST), path_of(RAW)) == ("chat/completions", "completions")


def test_a_raw_completion_has_its_text_without_the_echoed_prompt_and_its_tokens():
    logprobs = {"tokens": ["2", " 4"], "token_logprobs": [None, -0.5], "top_logprobs": [None, {" 4": -0.5, " 5": -2.0}]}
    told = completion(choices=[{"text": "2 + 2 = 4", "finish_reason": "length", "logprobs": logprobs}])
    answer = read_completion(told, ECHO, 1.0)
    assert (answer.text, answer.finish_reason, answer.prompt_tokens) == (" 4", "length", 9)
    assert answer.tokens == (TokenScore("2", None), TokenScore(" 4", -0.5, ((" 4", -0.5), (" 5", -2.0))))
    assert read_completion(told, RAW, 1.0).text == "2 + 2 = 4"


@pytest.mark.parametrize("body", [choice("a"), completion(choices=[{"text": 5}]), completion(choices=["a"])])
def test_a_raw_prompt_is_not_answered_by_a_chat_completion(body):
    assert read_completion(body, RAW, 1.0) is None


def test_tokens_that_were_not_asked_for_are_not_kept_and_missing_ones_are_none():
    content = [{"token": "a", "logprob": -0.5, "top_logprobs": [{"token": "a", "logprob": -0.5}]}]
    told = completion(
        choices=[{"message": {"content": "a"}, "finish_reason": "stop", "logprobs": {"content": content}}]
    )
    assert read_completion(told, REQUEST, 1.0).tokens is None
    asked = replace(REQUEST, top_logprobs=3)
    assert read_completion(told, asked, 1.0).tokens == (TokenScore("a", -0.5, (("a", -0.5),)),)
    assert read_completion(choice("a"), asked, 1.0).tokens is None
