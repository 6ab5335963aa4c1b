import pytest

from qantara.fidelity.antonyms import RULES


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("pain in the left leg", "ألم في الساق اليمنى", [("antonym.side", "fail")]),
        ("the right kidney", "الكلية اليسرى", [("antonym.side", "fail")]),
        ("hypoglycemia", "فرط سكر الدم", [("antonym.turned", "fail")]),
        ("acute pancreatitis", "التهاب البنكرياس المزمن", [("antonym.turned", "fail")]),
        ("take it before meals", "خذه بعد الوجبات", [("antonym.turned", "fail")]),
        ("blood pressure increased", "انخفض ضغط الدم", [("antonym.turned", "fail")]),
        ("pain in the left leg", "ألم في الساق اليسرى", []),
        ("acute pancreatitis", "التهاب البنكرياس الحاد", []),
        ("the left leg and the right arm", "الساق اليسرى والذراع اليمنى", []),
        ("the leg", "الساق اليمنى", []),
        ("the left leg", "الساق", [("antonym.side_lost", "warn")]),
        ("no word of a pair", "لا كلمة هنا", []),
    ],
)
def test_a_word_that_became_its_opposite_is_found(find, source, target, expected):
    assert [(finding.rule, finding.severity) for finding in find(RULES, source, target)] == expected


def test_where_a_text_has_both_sides_a_count_that_differs_warns(find):
    source, target = "left leg, left arm, right hand", "الساق اليسرى والذراع اليمنى واليد اليمنى"
    assert [finding.severity for finding in find(RULES, source, target)] == ["warn"]


def test_the_words_are_quoted_as_they_are_written(find):
    (finding,) = find(RULES, "The LEFT lung", "الرئة اليُمنى")
    assert (finding.source_text, finding.target_text) == ("LEFT", "اليُمنى")
