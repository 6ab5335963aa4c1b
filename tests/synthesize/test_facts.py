import pytest

from qantara.synthesize.facts import Said, has_amount, is_question, joined, same_amount, sentences


def one(text, code="en"):
    (quantity,) = Said(text, code).reading.quantities
    return quantity


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (one("5 mg"), one("5 ملغ", "ar"), True),
        (one("5 mg"), one("50 mg"), False),
        (one("5 mg"), one("5 mL"), False),
        (one("1 g"), one("1000 mg"), True),
        (one("76"), one("76 years"), True),
        (one("240 beats per minute"), one("240 times"), True),
        (one("٢٫٥ ملغ", "ar"), one("2.5 mg"), True),
    ],
)
def test_amounts_are_the_same_across_scripts_and_units(a, b, same):
    assert same_amount(a, b) is same
    assert has_amount(a, [b]) is same


def test_names_single_days_and_bare_words_state_no_number():
    assert Said("My HbA1c, every single day, one more question, two things", "en").quantities == ()
    assert len(Said("for two days", "en").quantities) == 1


def test_drugs_are_known_in_both_scripts_and_by_their_sound():
    assert Said("ceftriaxone and amoxicillin/clavulanate", "en").drugs >= {"ceftriaxone", "amoxicillin"}
    arabic = Said("أعطي سيفترياكسون", "ar")
    assert arabic.may_name("ceftriaxone")
    assert not arabic.may_name("vancomycin")
    assert not Said("give it", "en").may_name("vancomycin")


def test_sides_frequencies_and_routes_are_the_same_in_both_languages():
    shared = (
        Said("5 mg orally twice daily into the left eye", "en").cues & Said("العين اليسرى مرتين يوميًا فمويًا", "ar").cues
    )
    assert {cue.partition(" ")[0] for cue in shared} == {"antonym", "frequency", "route"}


def test_sentences_end_where_they_end():
    assert sentences("It is 2.5 mg. Is it? نعم؟ لا.") == ["It is 2.5 mg.", "Is it?", "نعم؟", "لا."]
    assert sentences("") == []
    assert is_question("كم عمرك؟")
    assert not is_question("No.")
    assert joined(["a", "", "b"]) == "a\nb"
