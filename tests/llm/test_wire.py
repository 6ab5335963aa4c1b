"""The chat completions protocol: what is sent, and what a body says, however odd it is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qantara.llm.interface import Message, Request, Response
from qantara.llm.wire import chat_body, read_completion, refusal, turned_down

REQUEST = Request(model="m", messages=(Message("system", "s"), Message("user", "سؤال")), max_tokens=5)


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "usage", "finish_reason", "refusal", "prompt_tokens_details"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_body_ends_a_run(body):
    for one in (body, {"choices": [body]}, {"choices": [{"message": body}]}, completion(usage=body)):
        answer = read_completion(one, REQUEST, 1.0)
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
