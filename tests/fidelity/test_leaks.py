import pytest

from qantara.fidelity.leaks import RULES
from qantara.fidelity.text_pair import TextPair


def found(source: str, target: str) -> list[str]:
    pair = TextPair(field="question", source=source, target=target, source_language="en", target_language="ar")
    return [finding.rule for rule in RULES for finding in rule(pair)]


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("إليك الترجمة: امرأة عمرها 30 عاما", "leaks.preamble"),
        ("Here is the translation: امرأة", "leaks.preamble"),
        ('<f id="question">امرأة', "leaks.tag"),
        ("As an AI model, لا أعرف", "leaks.refusal"),
        ("عذرًا، لا أستطيع", "leaks.refusal"),
        ("الإجابة الصحيحة هي ب", "leaks.answer"),
    ],
)
def test_a_model_that_talks_about_its_work_fails(target: str, rule: str) -> None:
    assert found("A 30-year-old woman", target) == [rule]


def test_a_phrase_of_the_source_is_no_leak() -> None:
    assert found("What does <target> mean?", "ما معنى <target>؟") == []


def test_what_the_source_says_in_such_words_was_translated() -> None:
    assert found("The correct answer is B.", "الإجابة الصحيحة هي ب.") == []


def test_a_start_phrase_in_the_middle_is_no_leak() -> None:
    assert found("In biology: translation", "في علم الأحياء يعقب النسخ الترجمة: بناء البروتين") == []
    assert found("Certainly, take it.", "بالتأكيد، خذه.") == []
