"""Batch lines: the body is the endpoint's, keys come back, every outcome has its kind, files keep to their bounds."""

import json

import pytest

from qantara.llm.batch_lines import portions, read_line, request_line, write_lines
from qantara.llm.interface import Message, Request, Response, call_key
from qantara.llm.wire import chat_body


def request(text: str, **changes) -> Request:
    return Request(**({"model": "m", "messages": (Message("user", text),), "max_tokens": 9} | changes))


ASKED = request("كم الجرعة؟", stop=("\n",))
KEY = call_key(ASKED)
BODY = {
    "model": "served-model",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "خمسة ملغ"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4},
}


def line(response=None, error=None, key: str = KEY) -> bytes:
    return json.dumps({"id": "r", "custom_id": key, "response": response, "error": error}).encode()


def answered(status: int, body) -> bytes:
    return line({"status_code": status, "request_id": "x", "body": body})


def test_a_line_is_the_endpoints_body_under_the_calls_key_with_letters_as_they_are():
    written = request_line(ASKED)
    assert json.loads(written) == {
        "custom_id": KEY,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": chat_body(ASKED),
    }
    assert "كم الجرعة؟".encode() in written
    assert written.endswith(b"}\n")
    assert written.count(b"\n") == 1  # the stop string's line end is escaped


def test_a_file_holds_one_line_a_request(tmp_path):
    write_lines(tmp_path / "a.jsonl", [ASKED, request("b")])
    assert (tmp_path / "a.jsonl").read_bytes() == request_line(ASKED) + request_line(request("b"))


def test_a_file_for_a_reasoning_model_asks_as_the_endpoint_does(tmp_path):
    write_lines(tmp_path / "a.jsonl", [ASKED], reasoning=True)
    (told,) = map(json.loads, (tmp_path / "a.jsonl").read_bytes().splitlines())
    assert told["body"] == chat_body(ASKED, reasoning=True) != chat_body(ASKED)


def test_an_answer_comes_back_with_text_counts_and_model():
    assert read_line(answered(200, BODY), {KEY: ASKED}) == (
        KEY,
        Response(
            text="خمسة ملغ",
            finish_reason="stop",
            prompt_tokens=3,
            completion_tokens=4,
            model="served-model",
            seconds=0.0,
        ),
    )


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        (line(error={"code": "batch_expired", "message": "x"}), "overloaded"),
        (line(error={"code": "batch_cancelled", "message": "x"}), "overloaded"),
        (line(error={"code": "anything", "message": "x"}), "server_error"),
        (line(), "server_error"),
        (answered(429, {"error": {}}), "rate_limited"),
        (answered(500, None), "server_error"),
        (answered(404, {"error": {}}), "not_found"),
        (answered(200, "a web page"), "unparseable"),
    ],
)
def test_what_is_no_answer_is_a_fault_and_never_an_empty_success(told, outcome):
    assert read_line(told, {KEY: ASKED}) == (KEY, outcome)


@pytest.mark.parametrize(
    ("message", "reason"), [("maximum context length is 10", "context_overflow"), ("bad value", "bad_request")]
)
def test_what_the_server_turned_down_is_an_answer_of_its_kind(message, reason):
    _, outcome = read_line(answered(400, {"error": {"message": message}}), {KEY: ASKED})
    assert (outcome.finish_reason, outcome.status, outcome.text) == (reason, 400, "")


@pytest.mark.parametrize("told", [b"", b"{", b"[1]", b'{"custom_id": 3}', line(key="another"), b"\xff\xfe"])
def test_a_line_that_is_broken_or_of_no_request_says_nothing(told):
    assert read_line(told, {KEY: ASKED}) is None


def test_a_file_has_one_model_and_keeps_to_its_bounds():
    requests = [request(f"{i:03}", model=model) for i in range(5) for model in ("a", "b")]
    files = list(portions(requests, 3, 10**6))
    assert [[one.messages[0].content for one in file] for file in files] == [
        ["000", "001", "002"],
        ["003", "004"],
        ["000", "001", "002"],
        ["003", "004"],
    ]
    assert [{one.model for one in file} for file in files] == [{"a"}, {"a"}, {"b"}, {"b"}]
    size = len(request_line(requests[0]))
    assert [len(file) for file in portions(requests[::2], 50, 2 * size)] == [2, 2, 1]
    assert [len(file) for file in portions(requests[::2], 50, 2 * size - 1)] == [1] * 5
    assert [len(file) for file in portions(requests[::2], 50, 1)] == [1] * 5  # too large ones go alone
    assert list(portions([], 3, 100)) == []
