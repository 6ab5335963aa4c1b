import pytest

from qantara.fidelity.check import check
from qantara.fidelity.comparators import comparators, num_limits, num_turned, said_elsewhere, symbol_before
from qantara.fidelity.reading import read


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("less than 5 mg", "en", ["lt"]),
        ("more than 5 mg", "en", ["gt"]),
        ("at most 5 mg", "en", ["le"]),
        ("at least 5 mg", "en", ["ge"]),
        ("5 mg or more", "en", ["ge"]),
        ("5 mg or less", "en", ["le"]),
        ("< 5 mg", "en", ["lt"]),
        ("≥5 mg", "en", ["ge"]),
        (">= 5 mg", "en", ["ge"]),
        ("do not take more than 4 tablets", "en", ["le"]),
        ("not less than 4 tablets", "en", ["ge"]),
        ("more than 5 but less than 10", "en", ["gt", "lt"]),
        ("about 5 mg", "en", []),
        ("5 mg", "en", []),
        ("أقل من 5 ملغ", "ar", ["lt"]),
        ("أكثر من 5 ملغ", "ar", ["gt"]),
        ("5 ملغ على الأقل", "ar", ["ge"]),
        ("5 ملغ أو أكثر", "ar", ["ge"]),
        ("لا تتناول أكثر من 4 أقراص", "ar", ["le"]),
        ("> 5 ملغ", "ar", ["gt"]),
        ("plus de 5 mg", "fr", ["gt"]),
        ("au moins 5 mg", "fr", ["ge"]),
    ],
)
def test_each_number_has_its_comparator(text, language, expected):
    assert [meant for meant, _ in comparators(read(text, language)).values()] == expected


def test_a_sign_right_before_a_number_is_seen_past_spaces_and_currency():
    reading = read("< $5 and 7", "en")
    assert [symbol_before(reading, quantity) for quantity in reading.quantities] == ["lt", ""]


def test_a_verb_far_from_its_number_says_the_direction():
    assert said_elsewhere(read("المستوى الذي يزيد كثيرا على ذلك", "ar"), "gt")
    assert not said_elsewhere(read("المستوى", "ar"), "gt")


def test_a_comparator_is_given_as_it_is_meant_and_as_it_is_written():
    assert list(comparators(read("do not take more than 4", "en")).values()) == [("le", "gt")]
    assert list(comparators(read("take more than 4", "en")).values()) == [("gt", "gt")]


def test_a_negated_comparator_that_is_said_the_other_way_round_is_counted():
    source = read("It is not under 5.", "en")
    assert num_turned(source, read("ليس تحت 5", "ar")) == 0
    assert num_turned(source, read("5 على الأقل", "ar")) == 1
    assert num_turned(read("It is 5.", "en"), read("5 على الأقل", "ar")) == 0


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Give about 10 mg.", "أعط نحو 10 ملغ."),
        ("Give 10 mg or so, at most 20 mg.", "أعط 10 ملغ تقريبًا، و20 ملغ على الأكثر."),
        ("It is 10 mg, approximately.", "إنها 10 ملغ بالتقريب، ولا تزيد."),
    ],
)
def test_about_goes_neither_way(source, target):
    assert {value for value, _ in comparators(read(source, "en")).values()} <= {"le"}
    found = check(source, target, source_language="en", target_language="ar")
    assert "digits.comparator" not in {finding.rule for finding in found}
    assert num_limits(read(target, "ar"), read("Give about 10 mg or so.", "en")) == 0
