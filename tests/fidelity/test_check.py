from dataclasses import replace

import pytest

from qantara.fidelity.check import check, check_text
from qantara.fidelity.text_pair import TextPair
from qantara.records import Answer, Choice, Origin, child, replace_text, with_id, worst

SOURCE = with_id(
    Choice(
        id="",
        language="en",
        origin=Origin(source="test", native_id="1"),
        question="A 70-year-old man takes levothyroxine 75 mcg. Which dose of enoxaparin comes next?",
        options=("5-10 mg", "20 mg", "40 mg/kg", "2 tablets"),
        answer_index=1,
    )
)
TARGET = child(
    SOURCE,
    {
        "question": "رجل عمره ٧٠ عامًا يتناول ليفوثيروكسين ٧٥ مكغ. ما جرعة الإينوكسابارين التالية؟",
        "options/0": "٥-١٠ ملغ",
        "options/1": "٢٠ ملغ",
        "options/2": "٤٠ ملغ/كغ",
        "options/3": "قرصان",
    },
    "ar",
)


def test_a_faithful_translation_passes() -> None:
    assert check(SOURCE, TARGET) == ()


@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        ("question", "رجل عمره ٧٠ عامًا يتناول ليفوثيروكسين ٧٥ ملغ. ما جرعة الإينوكسابارين التالية؟", "units.changed"),
        ("options/0", "١٠-٥ ملغ", "digits.reversed"),
        ("options/1", "٢٠٠ ملغ", "digits.changed"),
        ("options/3", "٢٠ ملغ", "structure.options_collapsed"),
        ("question", SOURCE.question if isinstance(SOURCE, Choice) else "", "script.untranslated"),
        ("options/1", "إليك الترجمة: ٢٠ ملغ", "leaks.preamble"),
        ("options/1", "", "structure.missing_field"),
    ],
)
def test_each_mutation_of_a_clean_pair_is_found_in_its_field(field: str, text: str, rule: str) -> None:
    found = check(SOURCE, replace_text(TARGET, {field: text}))
    assert (rule, field) in {(finding.rule, finding.field) for finding in found}
    assert worst(found) == "fail"


def test_a_copy_is_reported_once() -> None:
    text = "Take 10 mg with cold water."
    pair = TextPair(field="answer", source=text, target=text, source_language="en", target_language="ar")
    assert [finding.rule for finding in check_text(pair)] == ["script.untranslated"]


def test_a_record_of_another_kind_is_not_read_further() -> None:
    answer = Answer(id="x", language="ar", origin=TARGET.origin, question="؟", answer="١")
    assert [finding.rule for finding in check(SOURCE, answer)] == ["structure.kind"]


def test_findings_do_not_depend_on_the_ids() -> None:
    assert check(replace(SOURCE, id="1"), replace(TARGET, id="2")) == check(SOURCE, TARGET)
