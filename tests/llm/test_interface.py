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
