import pytest

from qantara.fidelity.number_order import RULES


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("BP 120/80", "ضغط الدم 80/120", [("digits.reversed", "fail")]),
        ("5-10 mg", "10-5 ملغ", [("digits.reversed", "fail")]),
        ("5-10 mg", "١٠-٥ ملغ", [("digits.reversed", "fail")]),
        ("from 5 to 10 mg", "من 10 إلى 5 ملغ", [("digits.reversed", "fail")]),
        ("a ratio of 1:4", "نسبة 4:1", [("digits.reversed", "fail")]),
        ("titers of 1:80 to 1:320", "عيارات من 80:1 إلى 1:320", [("digits.reversed", "fail")]),
        ("95% CI: 1.10-1.86%", "نطاق الثقة 95%: 1.86-1.10%", [("digits.reversed", "fail")]),
        ("a temperature of -20 °C", "درجة حرارة 20 مئوية", [("digits.sign", "fail")]),
        ("a base excess of 5", "فائض قاعدة -5", [("digits.sign", "warn")]),
        ("less than 5 mg", "أكثر من 5 ملغ", [("digits.comparator", "fail")]),
        ("< 5 mg", "> 5 ملغ", [("digits.comparator", "fail")]),
        ("at least 5 mg", "5 ملغ على الأكثر", [("digits.comparator", "fail")]),
        ("a value < 5", "قيمة 5", [("digits.comparator", "warn")]),
    ],
)
def test_an_order_or_direction_that_turned_is_found(find, source, target, expected):
    assert [(finding.rule, finding.severity) for finding in find(RULES, source, target)] == expected


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("BP 120/80", "ضغط الدم 120/80"),
        ("5-10 mg", "من 5 إلى 10 ملغ"),
        ("5-10 mg", "بين 5 و10 ملغ"),
        ("80/80", "80/80"),
        ("titers of 1:80 to 1:320", "عيارات من 1:80 إلى 1:320"),
        ("95% CI: 1.10-1.86%", "نطاق الثقة 95%: 1.10-1.86%"),
        ("5-10 then 10-5", "10-5 ثم 5-10"),
        ("a temperature of -20 °C", "درجة حرارة ناقص 20 مئوية"),
        ("a temperature of -20 °C", "درجة حرارة −20 مئوية"),
        ("less than 5 mg", "< 5 ملغ"),
        ("do not take more than 4", "لا تتجاوز 4"),
        ("at least 5 mg", "5 ملغ أو أكثر"),
        ("more than 5 mg", "5 ملغ"),
        ("no number", "لا رقم"),
    ],
)
def test_the_same_order_and_direction_gives_no_finding(find, source, target):
    assert find(RULES, source, target) == []
