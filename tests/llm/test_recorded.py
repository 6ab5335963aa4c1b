"""Recorded calls: what is in the file is answered, anything else is an error with the place."""

import asyncio
import gzip
import json
from dataclasses import replace

import pytest

from qantara.errors import CallError, DataError
from qantara.llm.interface import Message, Request, Response, TokenScore, call_key
from qantara.llm.recorded import RecordedBackend, call_record, read_answers


def request(text="q", **changes):
    settings = {"messages": (Message("user", text),), "max_tokens": 5, "temperature": 0.5, "stop": ("\n",)}
    return Request(model="m", **(settings | changes))


def answers_of(path, sending, *requests):
    """Return the recorded answers of the requests."""
    backend = RecordedBackend(path)

    async def run():
        return [await backend.answer(one, sending) for one in requests]

    return asyncio.run(run())


def response(text="جواب"):
    return Response(text=text, finish_reason="stop", prompt_tokens=3, completion_tokens=None, model="m-1", seconds=0.5)


def write(path, *lines):
    text = "".join((line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n" for line in lines)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.jsonl.gz"])
def test_recorded_answers_come_back_as_they_were_and_send_nothing(tmp_path, name, sending):
    path = write(tmp_path / name, call_record(request("a"), response("1")), call_record(request("b"), response("2")))
    assert answers_of(path, sending, request("b"), request("a")) == [response("2"), response("1")]
    assert sending.afters == []


@pytest.mark.parametrize(
    "changes",
    [
        {"sample": 2},
        {"schema": '{"type": "object"}'},
        {"temperature": 0.0, "stop": ()},
        {"max_tokens": 6},
        {"top_logprobs": 5},
        {"messages": (), "prompt": "q", "top_logprobs": 1, "echo": True},
    ],
)
def test_all_that_makes_a_request_another_one_is_recorded(tmp_path, sending, changes):
    other = request(**changes)
    path = write(tmp_path / "calls.jsonl", call_record(request(), response("1")), call_record(other, response("2")))
    assert answers_of(path, sending, other, request()) == [response("2"), response("1")]


def test_a_refusal_and_cached_tokens_are_recorded(tmp_path, sending):
    refused = replace(response(""), finish_reason="context_overflow", status=413, cached_tokens=0)
    path = write(tmp_path / "calls.jsonl", call_record(request(), refused))
    assert answers_of(path, sending, request()) == [refused]


def test_tokens_are_recorded_with_their_log_probabilities(tmp_path, sending):
    scored = replace(response(), tokens=(TokenScore("ا", None), TokenScore("b", -0.25, (("b", -0.25), ("c", -2.0)))))
    path = write(tmp_path / "calls.jsonl", call_record(request(top_logprobs=2), scored))
    assert answers_of(path, sending, request(top_logprobs=2)) == [scored]


def test_a_line_names_only_what_is_said(tmp_path, sending):
    """Recordings of plain calls look as they did before there were samples, schemas, cached tokens and statuses."""
    line = call_record(request(), response())
    assert set(line) == {"key", "model", "messages", "parameters", "response"}
    assert set(line["parameters"]) == {"max_tokens", "temperature", "stop"}
    assert set(line["response"]) == {"text", "finish_reason", "prompt_tokens", "completion_tokens", "model", "seconds"}
    assert answers_of(write(tmp_path / "calls.jsonl", line), sending, request()) == [response()]


def test_a_missing_call_names_key_model_and_file(tmp_path, sending):
    path = write(tmp_path / "calls.jsonl", call_record(request("a"), response()))
    with pytest.raises(CallError) as caught:
        answers_of(path, sending, request("a"), request("other"))
    assert str(caught.value) == (
        f"no recorded answer for call {call_key(request('other'))} (model m) in {path}: "
        "the prompt or the item changed; record again"
    )


def broken(**changes):
    return call_record(request(), response()) | changes


def without(name):
    return {key: value for key, value in call_record(request(), response()).items() if key != name}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"key": "abc"', "is no JSON object"),
        ("[1]", "is no JSON object"),
        (without("response"), "response: Field required"),
        (without("key"), "key: Field required"),
        (broken(model="other"), "the key is"),
        (broken(sample=1), "the key is"),
        (broken(parameters={"max_tokens": 5, "temperature": 0.5, "stop": ["\n"], "schema": "{}"}), "the key is"),
        (broken(extra=1), "extra: Extra inputs"),
        (broken(response={"text": "t", "finish_reason": "done"}), "response.finish_reason"),
        (broken(response=None), "is no JSON object"),
    ],
)
def test_a_bad_line_is_named_by_file_and_number(tmp_path, line, message):
    path = write(tmp_path / "calls.jsonl", call_record(request("a"), response()), "", line)
    with pytest.raises(DataError, match=r"calls\.jsonl, line 3: ") as caught:
        read_answers(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_hand_written_answer_may_leave_out_counts_model_and_time(tmp_path):
    line = broken(response={"text": "t", "finish_reason": "stop"})
    answer = read_answers(write(tmp_path / "calls.jsonl", line))[call_key(request())]
    assert (answer.prompt_tokens, answer.completion_tokens, answer.model, answer.seconds) == (None, None, "m", 0.0)


def test_one_call_with_two_answers_is_an_error_and_the_same_answer_twice_is_not(tmp_path):
    line = call_record(request(), response("1"))
    assert len(read_answers(write(tmp_path / "twice.jsonl", line, line))) == 1
    with pytest.raises(DataError, match=r"line 2: call .* is recorded twice"):
        read_answers(write(tmp_path / "calls.jsonl", line, call_record(request(), response("2"))))


def test_a_file_that_is_not_there_or_is_cut_off_is_an_error_that_names_it(tmp_path):
    with pytest.raises(DataError, match=r"absent\.jsonl: there is no such file"):
        read_answers(tmp_path / "absent.jsonl")
    whole = gzip.compress(json.dumps(call_record(request(), response())).encode())
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[:-20])
    with pytest.raises(DataError, match=r"cut\.jsonl\.gz: can't be read"):
        read_answers(tmp_path / "cut.jsonl.gz")
