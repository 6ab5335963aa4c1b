from qantara.report.examples import example_view


def test_rounds_show_the_fault_then_what_changed(facts):
    view = example_view(facts.translation.candidates[0], facts.decisions, "ar")
    first, second, decision = view.parts
    assert [row.label for row in first.rows] == [
        "Question",
        "Option A",
        "Option B",
        "Option C",
        "Option D",
        "Explanation",
    ]
    faulty = first.rows[2]
    assert faulty.is_key
    assert faulty.letters == ("B", "ب")
    assert faulty.source == '<mark class="fail">5 mg</mark> twice daily'
    assert faulty.target.startswith('<mark class="fail"><bdi dir="ltr">50</bdi> ملغ</mark>')
    assert faulty.findings[0].rule == "digits.changed"
    assert [row.label for row in second.rows] == ["Option B"]
    assert second.rows[0].target.startswith('<mark class="new"><bdi dir="ltr">5</bdi></mark>')
    assert decision.heading == "Decision: accepted as it was"


def test_an_answer_that_could_not_be_read_is_said_and_its_findings_kept(facts):
    view = example_view(facts.translation.candidates[1], facts.decisions, "ar")
    assert view.parts[0].note == "The answer could not be read as a translation."
    assert view.parts[0].findings[0].rule == "form.missing_field"
    assert len(view.parts[1].rows) == 2


def test_an_edit_shows_the_new_text_with_its_changes(facts):
    decision = example_view(facts.translation.candidates[1], facts.decisions, "ar").parts[-1]
    assert decision.is_decision
    assert decision.note == "by reviewer one: unit put right"
    assert '<mark class="new">مكغ</mark>' in decision.rows[0].target


def test_turns_are_named_by_who_speaks_and_an_open_one_waits(facts):
    view = example_view(facts.translation.candidates[2], facts.decisions, "ar")
    assert [row.label for row in view.parts[0].rows] == ["Patient", "Doctor"]
    assert view.outcome == "waits for a person"
    assert view.title == "Dialogue, orthopedics (dialogue-02)"


def test_an_arabic_word_in_a_message_is_isolated(facts):
    view = example_view(facts.translation.candidates[0], facts.decisions, "ar")
    message = view.parts[0].rows[2].findings[0].message
    assert message == 'The dose must be 5 mg, not <bdi dir="rtl"><bdi dir="ltr">50</bdi> ملغ</bdi>.'
