import pytest

from qantara.fidelity.doses import RULES


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("50 mcg", "50 ملغ", [("units.changed", "fail")]),
        ("5 mL", "5 ملم", [("units.changed", "fail")]),
        ("every 6 hours", "كل 6 أيام", [("units.changed", "fail")]),
        ("10 mg/kg", "10 ملغ", [("units.changed", "fail")]),
        ("2 tablets", "2 قطرة", [("units.changed", "warn")]),
        ("10 mg/day", "10 ملغ/ساعة", [("units.period", "fail")]),
        ("10 units", "10 وحدة دولية", [("units.variant", "warn")]),
        ("10 mg", "10", [("units.missing", "warn")]),
        ("a score of 10", "درجة قدرها 10 ملغ", [("units.added", "warn")]),
        ("aged 10", "عمره 10 أشهر", [("units.added", "fail")]),
        ("aged 10", "عمره 10 سنوات", []),
        ("1 g", "1000 ملغ", [("units.converted", "warn")]),
        ("1 g", "1 غ", []),
        ("500 mg", "500 ملليغرام", []),
        ("10 mg/kg/day", "10 ملغ/كغ/يوم", []),
        ("10 mg or 20 mg", "10 أو 20 ملغ", []),
        ("120/80 mmHg", "120/80 ملم زئبق", []),
        ("3 days", "ثلاثة أيام", []),
    ],
)
def test_a_unit_that_changed_is_found(find, source, target, expected):
    assert [(finding.rule, finding.severity) for finding in find(RULES, source, target)] == expected


def test_a_finding_spans_numbers_with_their_units(find):
    (finding,) = find(RULES, "Give 50 mcg now", "أعط ٥٠ ملغ الآن")
    assert (finding.source_text, finding.target_text) == ("50 mcg", "٥٠ ملغ")
    assert (finding.expected, finding.got) == ("50 mcg", "٥٠ mg")
