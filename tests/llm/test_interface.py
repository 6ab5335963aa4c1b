"""The key of a call: the same for the same call, another one for anything that changes the answer."""

from dataclasses import replace

import pytest

from qantara.llm.interface import Message, Request, call_key, messages, parameters, whole_or_other

REQUEST = Request(model="m", messages=(Message("system", "s"), Message("user", "سؤال")), max_tokens=5, stop=("\n",))


def test_the_key_is_pinned():
    """A changed key would make every recorded and paid call a new one: raise PROTOCOL_VERSION only on purpose."""
    assert call_key(REQUEST) == "35d1aab130e8029d1b54720fcfa7a580"


def test_temperature_zero_is_one_key_whether_whole_or_decimal():
    assert call_key(replace(REQUEST, temperature=0)) == call_key(replace(REQUEST, temperature=0.0))


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"max_tokens": 6},
        {"temperature": 0.5},
        {"stop": ()},
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


@pytest.mark.parametrize(
    ("text", "reason", "expected"),
    [("a", "stop", "stop"), (" \n", "stop", "other"), ("", "length", "length"), ("", "refused", "refused")],
)
def test_an_empty_whole_answer_is_no_success(text, reason, expected):
    assert whole_or_other(text, reason) == expected
