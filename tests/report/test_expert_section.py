from qantara.report.expert_section import expert_section


def test_the_section_has_the_pictures_or_says_that_there_are_none(facts, empty_facts):
    assert len(expert_section(facts).pictures[0].drawings) == 4
    assert expert_section(empty_facts).paragraphs == ["No expert use was counted in this run."]
