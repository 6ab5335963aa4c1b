from qantara.report.example_choice import choose, outcome, rules


def test_examples_differ_in_rule(facts):
    doubled = [*facts.translation.candidates, *facts.translation.candidates]
    chosen = choose(doubled, facts.decisions, 3)
    assert {rules(translation)[0] for translation in chosen} == {
        "digits.changed",
        "form.missing_field",
        "judge.laterality",
    }


def test_no_more_than_asked_are_chosen(facts):
    assert len(choose(facts.translation.candidates, {}, 2)) == 2
    assert choose(facts.translation.candidates, {}, 0) == []


def test_outcomes_are_told_apart(facts):
    first, second, third = facts.translation.candidates
    assert outcome(second, facts.decisions) == "edit"
    assert outcome(third, facts.decisions) == "waiting"
    assert outcome(first, {}) == "mended"
