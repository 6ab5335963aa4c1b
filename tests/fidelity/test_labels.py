import pytest

from qantara.fidelity.labels import RULES


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("type II diabetes", "السكري من النوع الأول"),
        ("stage III cancer", "سرطان في المرحلة الثانية"),
        ("type two diabetes", "داء السكري من النوع 1"),
    ],
)
def test_a_named_type_or_stage_with_another_number_fails(find, source, target):
    assert [(finding.rule, finding.severity) for finding in find(RULES, source, target)] == [("digits.label", "fail")]


@pytest.mark.parametrize(
    ("source", "target", "rules"),
    [
        ("I and III only", "القلب والرئة فقط", ["digits.roman_lost"]),
        ("I and III only", "الأول والثالث فقط", []),
        ("I and III only", "I وIII فقط", []),
        ("I and III only", "1 و3 فقط", []),
        ("the heart only", "القلب فقط", []),
    ],
)
def test_options_of_roman_numerals_keep_their_numbers(find, source, target, rules):
    found = find(RULES, source, target, kind="choice", field="options/0")
    assert [finding.rule for finding in found] == rules
    assert find(RULES, source, target) == []


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("type II diabetes", "السكري من النوع الثاني"),
        ("type 2 diabetes", "السكري من النوع 2"),
        ("type II diabetes", "السكري من النوع 2"),
        ("stage IV", "المرحلة الرابعة"),
        ("type 1 or type 2", "النوع 1 أو النوع 2"),
        ("type 2 diabetes", "السكري"),
        ("no label", "لا شيء"),
    ],
)
def test_a_label_that_kept_its_number_gives_no_finding(find, source, target):
    assert find(RULES, source, target) == []
