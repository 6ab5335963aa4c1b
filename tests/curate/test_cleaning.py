import pytest

from qantara.curate.cleaning import clean, clean_text
from qantara.records import Answer, Origin, child, with_id


def answer(question: str, text: str) -> Answer:
    made = with_id(
        Answer(id="", language="en", origin=Origin(source="t", native_id="1"), question=question, answer=text)
    )
    assert isinstance(made, Answer)
    return made


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  two\u00a0 words\t", "two words"),
        ("a \r\n b", "a\nb"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("cafe\u0301", "caf\u00e9"),
        ("a\u0000\ufeffb", "ab"),
        ("10⁹/L ٢٫٥", "10⁹/L ٢٫٥"),
        ("", ""),
    ],
)
def test_text_is_cleaned_without_changing_what_it_says(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned
    assert clean_text(cleaned) == cleaned


def test_a_clean_record_stays_as_it_is() -> None:
    record = answer("Why?", "So.")
    assert clean(record) is record


def test_a_changed_record_has_the_id_of_its_new_text_and_is_its_own_family() -> None:
    cleaned = clean(answer("Why? ", "So."))
    assert cleaned == answer("Why?", "So.")
    assert cleaned.origin.family == cleaned.id


def test_a_child_keeps_its_family() -> None:
    parent = answer("Why?", "So.")
    translated = child(parent, {"question": " لماذا؟", "answer": "لذلك."}, "ar")
    cleaned = clean(translated)
    assert cleaned.origin.family == parent.id
    assert cleaned.id != translated.id
