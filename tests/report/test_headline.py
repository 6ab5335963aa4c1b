from dataclasses import replace

from qantara.report.headline import gap_sentence, headlines, main_gap


def test_five_sentences_tell_the_run(facts):
    came, machine, people, trained, gap = headlines(facts, "letter")
    assert came == "6 English items came in; 4 were fit to be translated, 2 were rejected, each with its reason."
    assert machine.startswith("Of 4 translations the machine accepted 1 (25.0%), 1 of them only after")
    assert people == (
        "People decided on 2 translations: 1 accepted, 1 edited and 0 rejected. "
        "1 still waits for a decision and is not trained on."
    )
    assert "6 samples (4 English and 2 Arabic): 29,900 tokens in 40 optimizer steps" in trained
    assert "7.6 points better in English than in Arabic" in gap


def test_the_gap_of_the_tuned_model_in_the_set_scoring_is_told(facts):
    assert main_gap(facts, "letter")["model"] == "tuned"
    only_base = replace(facts, scores={"gaps": facts.scores["gaps"][:1]})
    assert main_gap(only_base, "text")["model"] == "base"


def test_an_interval_around_zero_shows_no_gap(facts):
    assert "the interval holds zero, so no gap is shown" in gap_sentence(facts, "letter")
    assert "a gap of 17.1 points or more" in gap_sentence(facts, "letter")
    clear = [facts.scores["gaps"][1] | {"low": 0.01}]
    assert "leaves zero out" in gap_sentence(replace(facts, scores={"gaps": clear}), "letter")


def test_what_did_not_happen_is_said(empty_facts):
    empty = replace(empty_facts, summaries={})
    assert headlines(empty, "letter") == [
        "No items were curated in this run.",
        "Nothing was translated in this run.",
        "No people reviewed translations in this run.",
        "No model was trained in this run.",
        "The language gap was not measured in this run.",
    ]
