import pytest

from qantara.records import Turn
from qantara.synthesize.conversation import course_faults, language_faults, languages_of
from qantara.synthesize.forms import Form

EN, AR, SWITCH = Form(("en",), "en"), Form(("ar",), "ar"), Form(("en", "ar"), "ar")
KNOWN = ("en", "ar")


def reasons(faults):
    return [fault.reason for fault in faults]


def test_a_right_dialogue_has_no_fault_in_any_form(english, arabic, switching):
    for turns, form in ((english, EN), (arabic, AR), (switching, SWITCH)):
        assert list(course_faults(turns, 4, 8)) == []
        assert list(language_faults(turns, form, KNOWN)) == []


def test_roles_alternate_begin_with_the_patient_and_end_with_the_doctor(english):
    assert reasons(course_faults(english[1:], 2, 8)) == ["roles.order"]
    assert reasons(course_faults((*english[:2], *english[1:]), 2, 8)) == ["roles.order"]
    assert reasons(course_faults(english[:3], 2, 8)) == ["roles.end"]
    assert reasons(course_faults((Turn(role="system", text="Hi?"), *english[1:]), 2, 8)) == ["roles.order"]


def test_the_number_of_turns_is_bounded(english):
    assert reasons(course_faults(english, 6, 8)) == ["turns.number"]
    assert reasons(course_faults(english, 2, 2)) == ["turns.number"]


def test_the_doctor_asks_before_advising(turns, english):
    asks_last = turns("Help?", "I see.", "It hurts.", "Is it better now?")
    assert reasons(course_faults(asks_last, 4, 8)) == ["doctor.asks_nothing"]
    assert "doctor.asks_nothing" not in reasons(course_faults(turns("مرحبًا.", "ما اسمك؟", "علي.", "أهلًا."), 4, 8))


def test_a_turn_in_another_language_or_in_two_is_found(english, arabic, turns):
    assert reasons(language_faults(english, AR, KNOWN)) == ["language.wrong"] * 4
    assert reasons(language_faults(arabic, EN, KNOWN)) == ["language.wrong"] * 4
    mixed = turns("ألم شديد.", "Since when do you have it, وكم عمرك؟")
    assert reasons(language_faults(mixed, AR, KNOWN)) == ["language.wrong"]
    assert languages_of(mixed, AR, KNOWN) is None


def test_two_languages_of_one_script_are_told_apart_by_function_words(turns):
    french = turns("Bonjour, je suis dans la rue avec mon frère et nous avons mal aux pieds.")
    assert reasons(language_faults(french, EN, ("en", "fr"))) == ["language.wrong"]
    assert list(language_faults(french, Form(("fr",), "fr"), ("fr", "en"))) == []


def test_abbreviations_are_of_every_language_and_letters_of_a_sister_language_of_none(turns):
    assert list(language_faults(turns("نتيجة HbA1c لدي 8 و INR طبيعي."), AR, KNOWN)) == []
    assert reasons(language_faults(turns("ضغطي مرتفع یا دكتور."), AR, KNOWN)) == ["language.letters"]


@pytest.mark.parametrize(
    ("languages", "reason"),
    [
        (("en", "en", "en", "en"), "language.no_switch"),
        (("ar", "ar", "en", "en"), "language.begins_wrong"),
        (("en", "ar", "ar", "ar"), "language.switch_by_doctor"),
        (("en", "en", "ar", "en"), "language.not_followed"),
    ],
)
def test_the_patient_switches_once_and_the_doctor_follows(turns, languages, reason):
    text = {"en": "I have had this pain for a long time, what is it?", "ar": "لدي هذا الألم منذ وقت طويل، فما هو؟"}
    assert reasons(language_faults(turns(*(text[code] for code in languages)), SWITCH, KNOWN)) == [reason]


def test_a_turn_that_could_be_in_either_language_is_in_that_of_the_turn_before(turns, switching):
    assert languages_of(switching, SWITCH, KNOWN) == ["en", "en", "ar", "ar"]
    assert languages_of(turns("الألم شديد.", "5?", "نعم.", "7."), Form(("ar", "en"), "ar"), KNOWN) == ["ar"] * 4
