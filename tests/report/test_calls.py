from dataclasses import replace
from typing import get_args

import pytest

from qantara.llm.interface import Fault
from qantara.pages.sections import code, two_lines
from qantara.report.calls import FAULTS, call_section

PAID = {"backend": "endpoint", "model": "large", "pricing": "priced", "usd": "0.4312"}


def with_calls(facts, *changes):
    return replace(facts, calls=[facts.calls[1] | change for change in changes])


def test_calls_stand_by_model_purpose_and_round_with_a_total(facts):
    table = call_section(facts).tables[0]
    assert [row[1:5] for row in table.rows] == [
        ["judge", "0", "5", "free"],
        ["translate", "0", "1,200", "free"],
        ["translate", "1", "30", "free"],
    ]
    assert table.rows[0][0] == two_lines("demo-judge", "recorded")
    assert table.rows[0][5:] == ["not known", "", "not known"]
    assert table.rows[2][5:] == ["60,000", "", "400,000"]
    assert table.total == ["In all", "", "", "1,235", "free", "not known", "", "not known"]


def test_free_calls_are_called_free(facts):
    section = call_section(facts)
    assert section.paragraphs == [
        "No call was paid for: answers came from a recording or from a model on this machine."
    ]
    assert "0.00" not in str(section)


@pytest.mark.parametrize(
    ("changes", "cells", "total"),
    [
        ([PAID, PAID | {"round": 1, "usd": "120.5"}], ["0.4312", "120.50"], "120.93"),
        ([PAID, {}], ["free", "0.4312"], "0.4312"),
        ([PAID | {"usd": None, "pricing": "unpriced"}], ["unpriced"], "unpriced"),
        ([PAID | {"usd": None}], ["not known"], "not known"),
        (
            [PAID, PAID | {"model": "new", "usd": None, "pricing": "unpriced"}],
            ["0.4312", "unpriced"],
            "at least 0.4312",
        ),
        ([PAID | {"usd": "0.00001"}], ["< 0.0001"], "< 0.0001"),
    ],
)
def test_money_is_priced_free_unpriced_or_not_known_and_never_nought(facts, changes, cells, total):
    table = call_section(with_calls(facts, *changes)).tables[0]
    assert [row[4] for row in table.rows] == cells
    assert table.total[4] == total


def test_what_is_not_known_of_the_cost_is_said_in_words(facts):
    unpriced = {"backend": "endpoint", "model": "new", "usd": None, "pricing": "unpriced"}
    told = call_section(with_calls(facts, PAID, unpriced, PAID | {"round": 1, "usd": None, "calls": 1})).paragraphs
    assert told == [
        "1,200 calls cost 0.4312 US dollars by the price list that was given.",
        "1,200 calls to new had no price: what they cost is not known, and not taken for 0.",
        "1 call had no full count of tokens from the server: what they cost is not known.",
    ]


def test_cached_tokens_are_shown_where_there_are_any(facts):
    table = call_section(with_calls(facts, {"cached_tokens": 9000}, {"round": 1})).tables[0]
    assert [row[6] for row in table.rows] == ["9,000", ""]
    assert table.total[6] == "9,000"


def test_calls_that_brought_no_answer_are_told_by_what_happened(facts):
    failed = {"timeout": 3, "connection": 1, "rate_limited": 40, "overloaded": 0}
    troubled = replace(with_calls(facts, PAID), troubles={"interrupted": 12, "failed_tries": failed})
    section = call_section(troubled)
    assert section.paragraphs[1:] == [
        "12 calls were sent and never answered, since the process was stopped: they may have been billed, and were not counted in "
        "the table.",
        "44 tries brought no answer; 4 of them may have been billed.",
    ]
    assert section.tables[1].rows == [
        [two_lines(code("rate_limited"), "the server asked to slow down"), "40", "no"],
        [two_lines(code("timeout"), "no answer came in time"), "3", "yes"],
        [two_lines(code("connection"), "the connection broke"), "1", "yes"],
    ]


def test_an_interrupted_recording_is_not_said_to_be_billed(facts):
    told = call_section(replace(facts, troubles={"interrupted": 1, "failed_tries": {}})).paragraphs
    assert told[-1] == "1 call was sent and never answered, since the process was stopped: it cost nothing."


def test_tries_are_shown_though_no_call_was_answered(empty_facts):
    section = call_section(replace(empty_facts, troubles={"interrupted": 0, "failed_tries": {"refused_key": 1}}))
    assert [table.caption for table in section.tables] == ["Tries that brought no answer"]
    assert section.paragraphs == ["1 try brought no answer; none of them may have been billed."]


def test_every_fault_has_words():
    assert set(FAULTS) == set(get_args(Fault))


def test_a_run_without_calls_says_so(empty_facts):
    section = call_section(empty_facts)
    assert (section.paragraphs, list(section.tables)) == (["This run made no language-model calls."], [])
