import pytest

from qantara.fidelity.script import RULES, function_words
from qantara.fidelity.text_pair import TextPair


def found(source: str, target: str, codes: tuple[str, str] = ("en", "ar")) -> list[tuple[str, str]]:
    pair = TextPair(field="answer", source=source, target=target, source_language=codes[0], target_language=codes[1])
    return [(finding.rule, finding.severity) for rule in RULES for finding in rule(pair)]


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
        ("peace", "ﺳﻼم", "script.presentation_forms"),
    ],
)
def test_what_a_person_should_look_at_warns(source: str, target: str, rule: str) -> None:
    assert found(source, target) == [(rule, "warn")]


def test_invisible_marks_are_a_remark() -> None:
    assert found("10 mg", "10\u200f ملغ") == [("script.invisible", "info")]
    assert found("10\u200f mg", "10\u200f ملغ") == []


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("Take it with cold water.", "À prendre avec de l'eau froide.", []),
        ("Take it with cold water.", "Take it with cold water.", [("script.untranslated", "fail")]),
        ("Aspirin", "Aspirin", [("script.untranslated", "info")]),
        (
            "Take one tablet of the drug with water in the morning.",
            "Prenez un comprimé of the drug with water in the morning.",
            [("script.left_in_source", "fail")],
        ),
    ],
)
def test_languages_of_one_script_are_told_apart_by_their_function_words(source, target, expected) -> None:
    assert found(source, target, ("en", "fr")) == expected


def test_function_words_are_those_of_the_language() -> None:
    assert "the" in function_words("en")
    assert "the" not in function_words("fr")
    assert function_words("xx") == frozenset()
