from dataclasses import replace

from qantara.report.notices import call_rows, notice_lines, what_this_is


def test_recorded_calls_are_named_at_the_top(facts):
    text = " ".join(notice_lines(facts))
    assert "no medical device" in text
    assert "not for clinical use" in text
    assert "Recorded model calls: 5 calls to judge and 1,200 calls to translate" in text


def test_live_calls_are_told_apart_from_recorded_ones(facts):
    judge, translate = facts.calls
    mixed = replace(facts, calls=[judge, translate | {"backend": "endpoint"}])
    text = " ".join(notice_lines(mixed))
    assert "Recorded model calls: 5 calls to judge were" in text
    assert "1,200 calls to translate by sample-translator (endpoint)" in text


def test_a_run_without_calls_says_so(empty_facts):
    assert notice_lines(empty_facts)[-1] == "This run made no language-model calls."


def test_what_the_run_is_follows_from_its_stages(facts, empty_facts):
    assert "English medical items were translated into Arabic" in what_this_is(facts)
    short = replace(empty_facts, summaries={"train": facts.summaries["train"]})
    assert what_this_is(short) == "In this run a model was trained on both languages."


def test_calls_without_token_counts_are_not_shown_as_nought(facts):
    assert call_rows(facts.calls)[0][-2:] == ["not known", "not known"]
