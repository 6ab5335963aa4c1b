from dataclasses import replace

from qantara.report.notices import notice_lines, what_this_is


def test_recorded_calls_are_named_at_the_top(facts):
    text = " ".join(notice_lines(facts))
    assert "no medical device" in text
    assert "not for clinical use" in text
    assert "Recorded model calls: 5 calls to judge and 1,230 calls to translate" in text


def test_live_calls_are_told_apart_from_recorded_ones_and_rounds_summed(facts):
    judge, *others = facts.calls
    mixed = replace(facts, calls=[judge, *(row | {"backend": "endpoint"} for row in others)])
    text = " ".join(notice_lines(mixed))
    assert "Recorded model calls: 5 calls to judge were" in text
    assert "Model calls made in this run: 1,230 calls to translate by demo-translator (endpoint)." in text


def test_a_run_without_calls_says_so(empty_facts):
    assert notice_lines(empty_facts)[-1] == "This run made no language-model calls."


def test_what_the_run_is_follows_from_its_stages(facts, empty_facts):
    assert "English medical items were translated into Arabic" in what_this_is(facts)
    short = replace(empty_facts, summaries={"train": facts.summaries["train"]})
    assert what_this_is(short) == "In this run a model was trained on both languages."


def test_a_judge_that_judges_its_own_translations_is_warned_of(facts):
    recipe = {"translate": facts.recipe["translate"] | {"judge": {"model": "demo-translator"}}}
    assert notice_lines(replace(facts, recipe=recipe))[-1].startswith(
        "<strong>Warning:</strong> demo-translator translated and was the judge"
    )
