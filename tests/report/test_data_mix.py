from qantara.report.data_mix import mix_section


def test_tokens_and_samples_stand_by_fold_and_language(facts):
    section = mix_section(facts)
    assert section.tables[0].rows[0][:5] == ["training", "English", "4", "20,000", "5,000"]
    assert "English to Arabic as 2 to 1; realized: 2.02 to 1.00" in section.paragraphs[0]
    assert "30,000 tokens, of which 29,900 are used" in section.paragraphs[0]


def test_no_mix_is_said(empty_facts):
    assert mix_section(empty_facts).paragraphs == ["No training data was mixed in this run."]
