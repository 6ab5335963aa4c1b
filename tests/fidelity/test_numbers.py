import pytest

from qantara.fidelity import doses, number_order, numbers
from qantara.fidelity.text_pair import TextPair
from qantara.records import Finding, worst


def findings(source: str, target: str, source_language: str = "en", target_language: str = "ar") -> list[Finding]:
    pair = TextPair(
        field="question",
        source=source,
        target=target,
        source_language=source_language,
        target_language=target_language,
    )
    rules = (*numbers.RULES, *number_order.RULES, *doses.RULES)
    return [finding for rule in rules for finding in rule(pair)]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Take 10 mg daily", "تناول 10 ملغ يوميا"),
        ("Take 10 mg daily", "تناول ١٠ ملغ يوميا"),
        ("Give 2.5 mL", "أعط ٢٫٥ مل"),
        ("Give 1,000 mg", "أعط ١٬٠٠٠ ملغ"),
        ("Give 1,000 mg", "أعط 1000 ملغ"),
        ("10 000 steps", "10000 خطوة"),
        ("Take 3 tablets", "تناول ثلاثة أقراص"),
        ("Take 2 tablets", "تناول قرصين"),
        ("for 2 weeks", "لمدة أسبوعين"),
        ("3 times a day", "ثلاث مرات في اليوم"),
        ("Take it twice", "خذه 2 مرة"),
        ("a 25-bed ward", "جناح فيه خمسة وعشرون سريرا"),
        ("at 13 weeks", "في الأسبوع الثالث عشر"),
        ("WBC 4.5 ×10⁹/L", "كريات الدم البيضاء ٤٫٥ ×١٠⁹/لتر"),
        ("1½ tablets", "1.5 قرص"),
        ("1.8 million people", "1.8 مليون شخص"),
        ("5,000 people", "5 آلاف شخص"),
        ("5 mg at noon and 5 mg at night", "٥ ملغ ظهرا و٥ ملغ ليلا"),
        ("HbA1c and COVID-19 and vitamin B12", "الهيموغلوبين السكري وكوفيد-19 وفيتامين ب12"),
        ("interleukin IL-6, CD4, T4", "إنترلوكين 6 وCD4 وT4"),
        ("disk at C5-C6", "القرص بين الفقرتين الرقبيتين"),
        ("glucose-1,6-diphosphate", "الجلوكوز-1،6-ثنائي الفوسفات"),
        ("50% of over 65s", "50٪ ممن تزيد أعمارهم عن 65 عاما"),
        ("between 5 and 10 mg", "بين 5 و10 ملغ"),
        ("5-10 mg", "من 5 إلى 10 ملغ"),
        ("120/80 mmHg", "١٢٠/٨٠ ملم زئبق"),
        ("10 mg/kg/day", "10 ملغ لكل كيلوغرام يوميا"),
        ("platelets 80,000/mcL", "الصفيحات ٨٠٬٠٠٠/ميكرولتر"),
        ("type II cells", "الخلايا من النوع 2"),
        ("glucose of 3 mM", "غلوكوز بمقدار 3 ملي مول/لتر"),
    ],
)
def test_faithful_numbers_give_no_finding(source: str, target: str) -> None:
    assert findings(source, target) == []


@pytest.mark.parametrize(
    ("source", "target", "rule"),
    [
        ("Take 10 mg daily", "تناول 100 ملغ يوميا", "digits.changed"),
        ("Give 2.5 mL", "أعط 25 مل", "digits.changed"),
        ("Give 1,500 mg", "أعط ١٫٥٠٠ ملغ", "digits.changed"),
        ("0.125 mg", "١٫٢٥ ملغ", "digits.changed"),
        ("every 6 hours", "كل 8 ساعات", "digits.changed"),
        ("WBC 4.5 ×10⁹/L", "كريات ٤٫٥ ×١٠⁶/لتر", "digits.changed"),
        ("10⁹/L", "109/لتر", "digits.changed"),
        ("Take 10 mg daily", "تناوله يوميا", "digits.missing"),
        ("Take it daily", "تناول 10 ملغ يوميا", "digits.added"),
        ("12 mg", "1٢ ملغ", "digits.mixed"),
        ("BP 120/80", "ضغط الدم 80/120", "digits.reversed"),
        ("5-10 mg", "10-5 ملغ", "digits.reversed"),
        ("from 5 to 10 mg", "من 10 إلى 5 ملغ", "digits.reversed"),
        ("Give 50 mcg", "أعط 50 ملغ", "units.changed"),
        ("Give 5 mL", "أعط 5 ملم", "units.changed"),
        ("10 mg/kg", "10 ملغ", "units.changed"),
        ("5 mg/dL", "5 ملغ/ل", "units.changed"),
        ("every 6 hours", "كل 6 أيام", "units.changed"),
        ("for 2 weeks", "لمدة ثلاثة أشهر", "digits.missing"),
        ("three times a day", "مرتان في اليوم", "digits.word_changed"),
    ],
)
def test_a_dangerous_change_fails_with_its_rule(source: str, target: str, rule: str) -> None:
    found = findings(source, target)
    assert rule in {finding.rule for finding in found}
    assert worst(found) == "fail"


@pytest.mark.parametrize(
    ("source", "target", "rule"),
    [
        ("Give 2.5 mL", "أعط ٢،٥ مل", "digits.list_comma"),
        ("Give 2.5 mL", "أعط 2,5 مل", "digits.decimal_comma"),
        ("10 units", "10", "units.missing"),
        ("10 units", "10 وحدة دولية", "units.variant"),
    ],
)
def test_what_is_easily_misread_warns(source: str, target: str, rule: str) -> None:
    found = findings(source, target)
    assert [(finding.rule, finding.severity) for finding in found] == [(rule, "warn")]


def test_a_finding_quotes_both_texts_as_they_are_written() -> None:
    (finding,) = findings("Take 0.5 mg", "تناول ٥ ملغ")
    assert (finding.source_text, finding.target_text) == ("0.5", "٥")
    assert (finding.expected, finding.got) == ("0.5 mg", "٥ mg")
    assert finding.field == "question"


def test_the_rules_work_from_arabic_to_english_too() -> None:
    assert findings("تناول قرصين كل ٨ ساعات", "Take 2 tablets every 8 hours", "ar", "en") == []
    assert worst(findings("تناول ١٠ ملغ", "Take 100 mg", "ar", "en")) == "fail"


@pytest.mark.parametrize(
    ("source", "target", "rule"),
    [
        ("Give 25 mL", "أعط ۲۵ مل", "digits.foreign"),
        ("Give 25 mL, then 5 mL", "أعط ٢٥ مل ثم 5 مل", "digits.two_systems"),
    ],
)
def test_how_digits_are_written_is_a_remark(source: str, target: str, rule: str) -> None:
    assert [(finding.rule, finding.severity) for finding in findings(source, target)] == [(rule, "info")]


def test_a_reversed_range_is_quoted_as_it_stands_on_both_sides() -> None:
    (finding,) = findings("Give 5-10 mg.", "أعطِ ١٠ - ٥ ملغ.")
    assert finding.rule == "digits.reversed"
    assert (finding.source_text, finding.target_text) == ("5-10", "١٠ - ٥")
