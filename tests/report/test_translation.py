from dataclasses import replace

from qantara.report.translation import translation_section, trust_sentence


def test_tables_show_routes_rules_and_calls(facts):
    section = translation_section(facts)
    assert [len(table.rows) for table in section.tables] == [3, 3, 2]
    assert section.tables[1].rows[0][:2] == ["<code>digits.changed</code>", "numbers"]


def test_a_clean_sample_still_says_how_many_may_be_wrong(facts):
    sentence = trust_sentence(facts, 100)
    assert "1 accepted translation drawn at random and found 0 wrong: 0.0% (95% interval 0.0% to 79.3%)" in sentence
    assert "Up to 79 of the 100" in sentence
    assert "look at 73 and find no error" in sentence


def test_without_reviewed_items_the_error_rate_is_not_known(facts, empty_facts):
    assert "not known" in trust_sentence(empty_facts, 5)
    summaries = {"translate": facts.summaries["translate"]}
    assert "not known" in translation_section(replace(facts, summaries=summaries)).paragraphs[1]


def test_no_translation_is_said(empty_facts):
    assert translation_section(empty_facts).paragraphs == ["Nothing was translated in this run."]
