import pytest

from qantara.synthesize.advice import Advice, advice_faults, sense_of

DISEASES = {
    "question": "A 42-year-old woman has low cortisol and high ACTH. What is the most likely diagnosis?",
    "options": ("Primary adrenal insufficiency", "Secondary adrenal insufficiency", "Cushing disease"),
    "answer_index": 0,
    "explanation": "Low cortisol with high ACTH indicates primary adrenal failure.",
}
EXCEPT = {
    "question": "All of the following drugs reduce mortality in heart failure EXCEPT:",
    "options": ("Bisoprolol 10 mg daily", "Furosemide 40 mg daily", "Spironolactone 25 mg daily"),
    "answer_index": 1,
    "explanation": "",
}
SIDES = {
    "question": "A man was stabbed; the trachea is shifted to the right, breath sounds are absent on the left. What is next?",
    "options": (
        "Needle decompression of the right chest",
        "Needle decompression of the left chest",
        "Chest radiograph",
    ),
    "answer_index": 1,
    "explanation": "Tension pneumothorax must be decompressed.",
}


@pytest.fixture
def reasons(item, make_item, encoder):
    def found(text, code="en", **changes):
        return [fault.reason for fault in advice_faults(Advice(make_item(**changes), text, code), encoder)]

    return found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Apixaban 5 mg twice daily is right for you.", "en"),
        ("We do not use 2.5 mg. You need 5 mg twice daily.", "en"),
        ("الجرعة المناسبة لك هي 5 ملغ مرتين يوميًا.", "ar"),
        ("You get one point for your age, so take 5 mg twice daily.", "en"),
    ],
)
def test_the_right_dose_is_recognized_in_both_languages(reasons, text, code):
    assert reasons(text, code) == []


@pytest.mark.parametrize(
    ("text", "code", "wanted"),
    [
        ("Apixaban 10 mg twice daily is right for you.", "en", ["answer.wrong_option", "answer.missing"]),
        ("الجرعة المناسبة لك هي 10 ملغ مرتين يوميًا.", "ar", ["answer.wrong_option", "answer.missing"]),
        ("Take 5 mg twice daily, later 10 mg twice daily.", "en", ["answer.wrong_option"]),
        ("Drink enough and rest.", "en", ["answer.missing"]),
        ("اشرب ماءً كافيًا.", "ar", ["answer.missing"]),
    ],
)
def test_a_wrong_or_missing_dose_is_found_in_both_languages(reasons, text, code, wanted):
    assert reasons(text, code) == wanted


def test_plain_words_are_compared_in_the_items_own_language(reasons):
    assert reasons("This is primary adrenal insufficiency: the glands fail.", **DISEASES) == []
    assert reasons("This is secondary adrenal insufficiency.", **DISEASES)[-1] == "answer.missing"
    assert "answer.missing" in reasons("You have Cushing disease.", **DISEASES)


def test_plain_words_of_another_language_are_compared_by_meaning(reasons):
    right = "الكورتيزول منخفض وACTH مرتفع، وهذا يدل على قصور الغدة الكظرية الأولي."
    assert reasons(right, "ar", **DISEASES) == []
    assert reasons("هذا كسر في عظم الفخذ ويحتاج إلى جراحة.", "ar", **DISEASES) == ["answer.missing"]


def test_the_side_of_the_body_must_stand_where_the_right_answer_does(reasons):
    assert reasons("I put a needle into the left chest: decompression comes first.", **SIDES) == []
    wrong = "Air pushes your windpipe over, it is bad on the left. Needle decompression of the right chest comes first."
    assert reasons(wrong, **SIDES) != []


@pytest.mark.parametrize(
    ("question", "sense"),
    [
        ("She has no fever. Which drug is best?", "plain"),
        ("All of these help EXCEPT:", "inverted"),
        ("Which drug is LEAST suitable?", "inverted"),
        ("Which drug should NOT be given?", "inverted"),
        ("What is given to a man who does not respond to adenosine?", "doubtful"),
    ],
)
def test_the_sense_of_a_question_is_read(make_item, question, sense):
    assert sense_of(make_item(question=question)) == sense


def test_the_exception_must_be_denied_and_the_others_may_be_praised(reasons):
    praise = "Bisoprolol and spironolactone 25 mg daily prolong life."
    assert reasons(f"{praise} Furosemide 40 mg daily does not.", **EXCEPT) == []
    assert reasons(f"{praise} Furosemide 40 mg daily does so too.", **EXCEPT) == ["answer.not_denied"]
    assert reasons("فوروسيميد 40 ملغ يوميًا لا يخفض معدل الوفيات.", "ar", **EXCEPT) == []
    assert reasons("فوروسيميد 40 ملغ يوميًا يخفض معدل الوفيات.", "ar", **EXCEPT) == ["answer.not_denied"]
