import pytest

from qantara.bidi import Mark, find_span, isolates, text_node

RIGHT_TO_LEFT = [
    ("الجرعة 5-10 ملغ", ["5", "10"]),  # each end alone: the range then runs right to left like the text
    ("5-10 ملغ", ["5", "10"]),  # the same order at the start of a text
    ("٥-١٠ ملغ ثم ٢٫٥ مل", ["٥", "١٠", "٢٫٥"]),
    ("ضغطه 150/95 ملم زئبق", ["150/95"]),
    ("حرارته 38.5°C أو 50%", ["38.5°C", "50%"]),
    ("أعط heparin 5 mg/kg كل 12 ساعة", ["heparin", "5 mg/kg", "12"]),
    ("الجرعة 5-10 mg يوميًا", ["5-10 mg"]),
    ("قياس HbA1c ثم CHA2DS2-VASc ≥2", ["HbA1c", "CHA2DS2-VASc", "≥2"]),
    ("جرثومة Helicobacter pylori و SARS-CoV-2", ["Helicobacter pylori", "SARS-CoV-2"]),
    ("قيمة -2.5 مع K+ 3.5 mEq/L", ["-2.5", "K+", "3.5 mEq/L"]),
]


@pytest.mark.parametrize(("text", "expected"), RIGHT_TO_LEFT, ids=[text for text, _ in RIGHT_TO_LEFT])
def test_numbers_doses_and_latin_runs_in_right_to_left_text_are_isolates(text, expected):
    assert [text[start:end] for start, end in isolates(text, "rtl")] == expected


def test_right_to_left_words_in_english_are_isolates_with_their_number():
    text = "write 75 مكغ, not 5-10 ملغ (٥-١٠)"
    assert [text[start:end] for start, end in isolates(text, "ltr")] == ["75 مكغ", "5-10 ملغ", "٥-١٠"]


def test_text_is_escaped_and_isolates_carry_their_direction():
    assert text_node("خذ 5 <b>", "ar") == 'خذ <bdi dir="ltr">5</bdi> &lt;<bdi dir="ltr">b</bdi>&gt;'


def test_a_mark_covers_the_whole_of_a_number_it_touches():
    text = "خذ 50 ملغ"
    marked = text_node(text, "ar", [Mark(4, 5, "fail")])
    assert marked == 'خذ <mark class="fail"><bdi dir="ltr">50</bdi></mark> ملغ'


def test_where_marks_overlap_the_graver_one_is_shown():
    marked = text_node("abcd", "en", [Mark(0, 4, "new"), Mark(1, 3, "fail")])
    assert marked == '<mark class="new">a</mark><mark class="fail">bc</mark><mark class="new">d</mark>'


def test_a_translation_that_stayed_english_keeps_english_order():
    assert text_node("Take 5 mg, then rest.", "ar") == '<bdi dir="ltr">Take 5 mg, then rest.</bdi>'


def test_a_span_is_not_found_inside_a_longer_number_when_it_stands_alone_elsewhere():
    assert find_span("50 mg then 5 mg", "5") == (11, 12)
    assert find_span("50 mg", "5") == (0, 1)
    assert find_span("50 mg", "7") is None
    assert find_span("50 mg", "") is None
