from dataclasses import replace

from qantara.report.training import training_section


def test_groups_speed_and_memory_are_shown(facts):
    section = training_section(facts)
    assert section.paragraphs == [
        "The expert weights take 174.0 MB, 27.3% of the 637.0 MB that they would take in bf16 (16-bit floats)."
    ]
    groups = {row[0]: row for row in section.tables[0].rows}
    assert groups["experts"] == ["experts", "7,372,800", "2.0%", "720", "720", "all moved"]
    assert groups["router"][2:] == ["< 0.1%", "30", "12", "some did not move"]
    figures = dict(section.tables[1].rows)
    assert figures["Speed"] == "512 tokens a second"
    assert figures["Most memory resident"] == "3.4 GB"
    assert figures["Tokens learnt, Arabic"] == "5,000"
    assert "English: 2.30 to 1.70 (falls)" in section.pictures[0].caption


def test_training_without_losses_or_details_is_said(facts):
    bare = {"train": facts.summaries["train"] | {"details": {}}}
    section = training_section(replace(facts, summaries=bare, losses=[]))
    assert "No losses were kept." in section.paragraphs
    assert section.pictures == []


def test_losses_that_diverged_are_said(facts):
    lost = replace(facts.losses[0], loss=float("nan"))
    section = training_section(replace(facts, losses=[*facts.losses, lost]))
    assert "1 loss could not be drawn: training diverged." in section.paragraphs


def test_no_training_is_said(empty_facts):
    empty = replace(empty_facts, summaries={})
    assert training_section(empty).paragraphs == ["No model was trained in this run."]
