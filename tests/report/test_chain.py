from dataclasses import replace

from qantara.report.chain import chain_section, steps


def test_steps_are_the_stages_between_source_and_model(facts):
    found = {step.name: step for step in steps(facts)}
    assert list(found) == ["sources", "curate", "translate", "review", "mix", "train", "evaluate"]
    assert (found["curate"].came_in, found["curate"].kept, found["curate"].rejected) == ("6", "4", "2")
    assert found["train"].came_in is None


def test_the_table_gives_reasons_with_their_counts(facts):
    section = chain_section(facts)
    rows = {row[0]: row for row in section.tables[0].rows}
    assert rows["curate"][5] == "1 <code>duplicate</code><br>1 <code>empty</code>"
    assert "comes out once" in section.paragraphs[0]


def test_records_that_got_lost_are_not_hidden(facts):
    summaries = dict(facts.summaries)
    summaries["curate"] = summaries["curate"] | {"kept": 3}
    assert chain_section(replace(facts, summaries=summaries)).paragraphs == ["In and out do not add up for: curate."]


def test_a_run_without_stages_has_no_table(empty_facts):
    section = chain_section(replace(empty_facts, summaries={}))
    assert list(section.tables) == []
