"""Rows of the ledger of calls: what goes in comes out again, and a sending says how much it can cost at most."""

from dataclasses import replace
from types import SimpleNamespace

from qantara.llm.call_rows import Asked, call_row, request_of, response_of, sent_row
from qantara.llm.interface import Message, Request, Response, TokenScore, call_key

REQUEST = Request(
    model="m",
    messages=(Message("system", "أنت مترجم"), Message("user", "Take 5 mg.")),
    max_tokens=9,
    temperature=0.5,
    stop=("\n",),
    schema='{"type":"object"}',
    sample=2,
)
PLAIN = Request(model="m", messages=(Message("user", "q"),), max_tokens=5)
RAW = Request(model="m", messages=(), prompt="سؤال:", max_tokens=1, top_logprobs=1, echo=True)
TOKENS = (TokenScore("سؤال", None), TokenScore(":", -0.5, ((":", -0.5),)))
RESPONSE = Response(
    text="تناول 5 ملغ.",
    finish_reason="stop",
    prompt_tokens=7,
    completion_tokens=4,
    model="m-1",
    seconds=0.25,
    cached_tokens=3,
)


def asked(request):
    return Asked(key=call_key(request), request=request, purpose="translate", round_number=1, backend="endpoint")


def test_request_and_answer_come_out_of_a_row_as_they_went_in():
    for request in (REQUEST, PLAIN):
        row = SimpleNamespace(**call_row(asked(request), RESPONSE))
        assert (request_of(row), response_of(row)) == (request, RESPONSE)
        assert row.key == call_key(request_of(row))
    scored = replace(RESPONSE, tokens=TOKENS)
    row = SimpleNamespace(**call_row(asked(RAW), scored))
    assert (request_of(row), response_of(row), row.key) == (RAW, scored, call_key(RAW))
    assert call_row(asked(PLAIN), RESPONSE)["token_scores"] is None
    assert response_of(SimpleNamespace(**call_row(asked(RAW), replace(RESPONSE, tokens=())))).tokens == ()
    assert "أنت مترجم" in call_row(asked(REQUEST), RESPONSE)["request"]  # letters, no escapes


def test_a_sending_is_bounded_by_its_bytes_and_its_limit_and_has_no_end_yet():
    row = sent_row(asked(REQUEST))
    assert row["prompt_bound"] >= len("أنت مترجمTake 5 mg.".encode())
    assert (row["completion_bound"], row["outcome"]) == (9, None)
