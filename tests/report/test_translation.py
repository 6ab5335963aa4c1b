from dataclasses import replace
from typing import get_args

from qantara.fidelity.check import rule_ids
from qantara.llm.interface import Fault
from qantara.pages.sections import code, two_lines
from qantara.report.translation import _FAMILIES, _REASONS, translation_section, trust_sentence


def test_tables_show_routes_reasons_and_rules(facts):
    route, reason, rule = translation_section(facts).tables
    assert [len(table.rows) for table in (route, reason, rule)] == [3, 1, 3]
    assert reason.rows[0] == [two_lines(code("call_timeout"), "no answer came in time, also when tried again"), "1"]
    assert rule.rows[0][0] == two_lines(code("digits.changed"), "numbers")


def test_every_fault_of_a_call_and_every_rule_is_put_in_words():
    assert {f"call_{fault}" for fault in get_args(Fault)} <= set(_REASONS)
    assert {rule.split(".")[0] for rule in rule_ids()} <= set(_FAMILIES)


def test_a_reason_without_words_keeps_its_code(facts):
    summaries = {"translate": facts.summaries["translate"] | {"reasons": {"new_reason": 2}}}
    assert translation_section(replace(facts, summaries=summaries)).tables[1].rows == [["<code>new_reason</code>", "2"]]


def test_the_translation_memory_is_told_where_there_is_one(facts):
    assert "memory" not in " ".join(translation_section(facts).paragraphs)
    summary = facts.summaries["translate"]
    memory = {"memory": {"entries": 1200, "ambiguous": 3, "unusable": 1}}
    summaries = {"translate": summary | {"details": summary["details"] | memory}}
    text = " ".join(translation_section(replace(facts, summaries=summaries)).paragraphs)
    assert "A translation memory of 1,200 entries was at hand" in text
    assert (
        "more than one translation for 3 source texts; one by a person comes first. 1 entry could not be used." in text
    )


def test_a_clean_sample_still_says_how_many_may_be_wrong(facts):
    sentence = trust_sentence(facts, 100)
    assert "1 accepted translation drawn at random and found 0 wrong: 0.0% (95% interval 0.0% to 79.3%)" in sentence
    assert "Up to 79 of the 100" in sentence
    assert "look at 73 and find no error" in sentence


def test_without_reviewed_items_the_error_rate_is_not_known(facts, empty_facts):
    assert "not known" in trust_sentence(empty_facts, 5)
    summaries = {"translate": facts.summaries["translate"]}
    assert "not known" in translation_section(replace(facts, summaries=summaries)).paragraphs[-1]


def test_no_translation_is_said(empty_facts):
    assert translation_section(empty_facts).paragraphs == ["Nothing was translated in this run."]
