import pytest

from qantara.fidelity.script import longest_run, script_findings
from qantara.fidelity.text_pair import TextPair


def found(source: str, target: str) -> list[tuple[str, str]]:
    pair = TextPair(field="answer", source=source, target=target, source_language="en", target_language="ar")
    return [(finding.rule, finding.severity) for finding in script_findings(pair)]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Take warfarin with water.", "تناول وارفارين مع الماء."),
        ("HbA1c 7%", "HbA1c 7%"),
        ("MRI", "MRI"),
        ("5 mg/kg", "5 mg/kg"),
        ("α-blockers", "حاصرات α"),
        (
            "made by Euroimmun Medical Laboratory Diagnostics",
            "كل هذه الأجهزة الحديثة في المستشفى هي من صنع شركة Euroimmun Medical Laboratory Diagnostics",
        ),
        ("", " "),
    ],
)
def test_sound_arabic_gives_no_finding(source: str, target: str) -> None:
    assert found(source, target) == []


@pytest.mark.parametrize(
    ("source", "target", "rule"),
    [
        ("Take it with cold water.", "Take it with cold water.", "script.untranslated"),
        ("Intravenous labetalol 20 mg", "Intravenous labetalol 20 mg", "script.untranslated"),
        ("Take it. Drink a lot of water.", "خذه. Drink a lot of water.", "script.left_in_source"),
        ("Oral prednisone", "Prednisone by mouth", "script.wrong"),
        ("heart", "القلب 心", "script.other"),
        ("heart", "\\u0627\\u0644قلب", "script.escape"),
        ("heart", "القلب&nbsp;", "script.escape"),
        ("heart", "ط\ufffdقلب", "script.mojibake"),
    ],
)
def test_text_that_no_reader_should_see_fails(source: str, target: str, rule: str) -> None:
    assert (rule, "fail") in found(source, target)


def test_mojibake_of_utf8_read_as_windows_1252_fails() -> None:
    broken = "القلب السليم".encode().decode("cp1252", errors="replace")
    assert ("script.mojibake", "fail") in found("a healthy heart", broken)


@pytest.mark.parametrize(
    ("source", "target", "rule"),
    [
        ("Warfarin", "Warfarin", "script.untranslated"),
        ("Escherichia coli", "Escherichia coli", "script.untranslated"),
        ("the book", "کتاب", "script.foreign_letters"),
        ("10 mg", "10\u200f ملغ", "script.invisible"),
        ("peace", "ﺳﻼم", "script.presentation_forms"),
    ],
)
def test_what_a_person_should_look_at_warns(source: str, target: str, rule: str) -> None:
    assert found(source, target) == [(rule, "warn")]


def test_a_run_ends_at_other_scripts_and_leaves_capitals_out() -> None:
    assert longest_run("من the old man في and sea", "en") == "the old man"
    assert longest_run("HIV DNA", "en") == ""
