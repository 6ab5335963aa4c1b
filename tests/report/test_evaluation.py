from qantara.report.evaluation import baseline_sentence, evaluation_section, noise_sentence


def test_tables_hold_base_and_tuned_in_both_languages(facts):
    accuracy, gap, change, chosen = evaluation_section(facts).tables
    assert [row[:2] for row in accuracy.rows] == [["base", "option letter"], ["tuned", "option letter"]]
    assert accuracy.rows[1][2:5] == ["36.4%", "25.8% to 48.4%", "24 / 66"]
    assert gap.rows[1] == ["tuned", "option letter", "+7.6", "\u22125.0 to +20.0", "0.27", "9", "4", "17.1"]
    assert change.rows[0] == ["English", "option letter", "+3.0", "\u22127.0 to +13.0", "< 0.001"]
    assert chosen.rows == [["tuned", "option letter", "option 1: 75.0%", "option 1: 75.0%"]]


def test_text_scoring_by_sum_and_by_token_are_two_rows(facts):
    row = facts.scores["scores"][0]
    both = [row | {"scoring": "text", "normalization": kind} for kind in ("sum", "token")]
    facts.scores["scores"][:] = both
    names = [line[1] for line in evaluation_section(facts).tables[0].rows]
    assert names == ["full option text", "full option text, per token"]


def test_plain_words_say_whether_anything_is_larger_than_noise(facts):
    assert noise_sentence(facts.scores).startswith("None of the 4 differences below")
    clear = facts.scores | {"gaps": [facts.scores["gaps"][0] | {"low": 0.01}]}
    assert noise_sentence(clear).startswith("1 of the 3 differences below")
    assert "about 0.2 would be so by chance" in noise_sentence(clear)
    assert noise_sentence({}).startswith("Nothing was compared")


def test_accuracies_are_held_against_chance_and_majority(facts):
    sentence = baseline_sentence(facts.scores)
    assert "Guessing gets 25.0%" in sentence
    assert "27.0% in English, 27.0% in Arabic" in sentence
    assert "None of the 4 accuracies" in sentence


def test_no_evaluation_is_said(empty_facts):
    assert evaluation_section(empty_facts).paragraphs == ["No model was evaluated in this run."]
