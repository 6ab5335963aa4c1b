import pytest

from qantara.fidelity.usage import RULES


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("Give it intravenously.", "أعطه عضليا.", [("usage.route", "fail")]),
        ("Take it orally.", "خذه وريديا.", [("usage.route", "fail")]),
        ("Take it orally.", "خذه.", [("usage.route", "info")]),
        ("Take it weekly.", "خذه يوميا.", [("usage.frequency", "fail")]),
        ("Take it twice daily.", "خذه ثلاث مرات يوميا.", [("usage.frequency", "fail")]),
        ("Take it before meals.", "خذه بعد الوجبات.", [("usage.frequency", "fail")]),
        ("Take it as needed.", "خذه.", [("usage.as_needed", "warn")]),
    ],
)
def test_another_way_of_giving_a_drug_is_found(find, source, target, expected):
    assert [(finding.rule, finding.severity) for finding in find(RULES, source, target)] == expected


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Give it intravenously.", "أعطه وريديا."),
        ("Give it IV.", "أعطه عن طريق الوريد."),
        ("Take it by mouth.", "خذه عن طريق الفم."),
        ("stage IV cancer", "سرطان في المرحلة الرابعة"),
        ("Take it weekly.", "خذه أسبوعيا."),
        ("Take it twice daily.", "خذه مرتين يوميا."),
        ("Take it daily.", "خذه كل يوم."),
        ("Take it as needed.", "خذه عند الحاجة."),
        ("Take it before meals.", "خذه قبل الوجبات."),
    ],
)
def test_the_same_way_of_giving_a_drug_gives_no_finding(find, source, target):
    assert find(RULES, source, target) == []


def test_a_finding_quotes_both_routes(find):
    (finding,) = find(RULES, "Give it Intravenously.", "أعطه عضليًا.")
    assert (finding.source_text, finding.target_text) == ("Intravenously", "عضليًا")
    assert (finding.expected, finding.got) == ("intravenous", "intramuscular")
