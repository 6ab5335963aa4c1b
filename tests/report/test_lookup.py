from dataclasses import replace

from qantara.report.lookup import detail, inside, routes


def test_what_is_missing_is_none(facts):
    assert detail(facts, "mix", "budget_tokens") == 30000
    assert detail(facts, "mix", "nothing", "here") is None
    assert detail(facts, "no_stage", "x") is None
    assert inside({"a": 1}, "a", "b") is None


def test_routes_follow_from_the_translations_and_the_rejections(facts):
    summaries = dict(facts.summaries)
    told = routes(facts)
    summaries["translate"] = summaries["translate"] | {"details": {}}
    assert routes(replace(facts, summaries=summaries)) == told == {"accept": 1, "people": 2, "reject": 1}


def test_no_translation_has_no_routes(empty_facts):
    assert routes(empty_facts) is None
