"""The key of a call: the same for the same call, another one for anything that changes the answer. Texts that can be kept."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qantara.llm.interface import (
    Message,
    Request,
    call_key,
    messages,
    parameters,
    storable,
    whole_or_empty,
)

REQUEST = Request(model="m", messages=(Message("system", "s"), Message("user", "سؤال")), max_tokens=5, stop=("\n",))


def test_the_key_is_pinned():
    """A changed key would make every recorded and paid call a new one: raise PROTOCOL_VERSION only on purpose."""
    assert call_key(REQUEST) == "6a8b05bf206dc85507536ce3b1823414"
    plain = Request(model="m", messages=(Message("user", "q"),), max_tokens=5)
    assert call_key(plain) == "dde30fd6b9229a5d9aeadef0b5706ab8"
    judged = replace(plain, max_tokens=7, temperature=0.5, schema='{"type":"object"}', sample=2)
    assert call_key(replace(judged, messages=(Message("user", "سؤال"),))) == "e9cfcd0b4feacd9be02bc5bf9a5b6a44"


def test_temperature_zero_is_one_key_whether_whole_or_decimal():
    assert call_key(replace(REQUEST, temperature=0)) == call_key(replace(REQUEST, temperature=0.0))


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"max_tokens": 6},
        {"temperature": 0.5},
        {"stop": ()},
        {"schema": "{}"},
        {"sample": 1},
        {"top_logprobs": 1},
        {"messages": (), "prompt": "سؤال"},
        {"messages": (Message("system", "s"), Message("assistant", "سؤال"))},
        {"messages": (Message("system", "s"), Message("user", "سؤال "))},
        {"messages": (Message("user", "سؤال"),)},
    ],
)
def test_whatever_changes_the_answer_changes_the_key(change):
    assert call_key(replace(REQUEST, **change)) != call_key(REQUEST)


def test_messages_and_parameters_are_plain_values():
    assert messages(REQUEST) == [{"role": "system", "content": "s"}, {"role": "user", "content": "سؤال"}]
    assert parameters(REQUEST) == {"max_tokens": 5, "temperature": 0.0, "stop": ["\n"]}
    assert parameters(replace(REQUEST, schema="{}"))["schema"] == "{}"
    raw = replace(REQUEST, messages=(), prompt="p", echo=True, top_logprobs=1)
    assert parameters(raw) == parameters(REQUEST) | {"prompt": "p", "echo": True, "top_logprobs": 1}
    assert call_key(raw) != call_key(replace(raw, echo=False))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"top_logprobs": 21}, "top_logprobs is 0 to 20, not 21"),
        ({"top_logprobs": -1}, "top_logprobs is 0 to 20"),
        ({"prompt": "p"}, "messages or a prompt, not both"),
        ({"echo": True, "top_logprobs": 1}, "echo is of a prompt"),
        ({"messages": (), "prompt": "p", "echo": True}, "echo is of a prompt, with top_logprobs"),
    ],
)
def test_what_cannot_be_asked_together_is_no_request(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(REQUEST, **changes)


@pytest.mark.parametrize(
    ("text", "reason", "expected"),
    [("a", "stop", "stop"), (" \n", "stop", "empty"), ("", "length", "length"), ("", "refused", "refused")],
)
def test_an_empty_whole_answer_is_no_success(text, reason, expected):
    assert whole_or_empty(text, reason) == expected


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("جرعة 💊\t\n", "جرعة 💊\t\n"),
        ("a\x00b", "a\ufffdb"),
        ("cut \ud83d", "cut \ufffd"),
        ("\udc8a cut", "\ufffd cut"),
    ],
)
def test_an_answer_that_no_database_could_hold_is_mended(text, kept):
    assert storable(text) == kept


@given(
    st.text(st.characters(exclude_categories=()), max_size=30)
    | st.from_regex(r"(\\ud[89a-f][0-9a-f]{2}|a){1,6}", fullmatch=True)
)
def test_every_text_can_be_kept_and_good_ones_stay_the_same(text):
    told = json.loads(f'"{text}"') if text.startswith("\\u") else text
    kept = storable(told)
    assert "\x00" not in kept
    assert kept.encode("utf-8").decode("utf-8") == kept
    assert storable(kept) == kept
